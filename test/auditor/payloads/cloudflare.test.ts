import { describe, expect, it } from 'vitest';
import { byKey, gatewayRecords, readGatewayRecord as read } from '../../support/gateway-records.js';

const RECORD = gatewayRecords.cloudflare;

describe('Cloudflare logs', () => {
  it('are read with usage and cost', () => {
    expect(read(RECORD)).toMatchObject({
      recordId: '01HXYZ',
      requestIds: ['01HXYZ'],
      failed: false,
      call: {
        provider: 'gcp.gemini',
        requestModel: 'gemini-2.5-pro',
        usage: { inputTokens: 1000, outputTokens: 100 },
        reportedCostUsd: '0.002250000000',
        cacheReplay: false,
      },
    });
  });

  it.each([
    ['a string', RECORD.metadata],
    ['an object', { 'tenant.id': 'acme', beta: true }],
  ])('keep metadata that is %s as the word of the caller', (_, metadata) => {
    const { vouched, claimed } = read({ ...RECORD, metadata });
    expect(byKey(vouched)).toEqual({ 'cf.user_id': 'owner-1' });
    expect(byKey(claimed)).toMatchObject({ 'tenant.id': 'acme', 'metadata.tenant.id': 'acme', beta: 'true' });
  });

  it('do not let the caller say again what the gateway vouches for', () => {
    const { claimed } = read({ ...RECORD, metadata: { 'cf.user_id': 'forged' } });
    expect(byKey(claimed)).toEqual({ 'metadata.cf.user_id': 'forged' });
  });

  it('vouch for the user, flat or nested', () => {
    const { 'cf.user_id': _, ...rest } = RECORD;
    expect(byKey(read({ ...rest, cf: { user_id: 'owner-2' } }).vouched)).toEqual({ 'cf.user_id': 'owner-2' });
  });

  it.each([
    ['v1/models/embed:generate', 'chat'],
    ['v1/embeddings', 'embeddings'],
    ['v1/embedding', 'embeddings'],
    ['v1/embeddings/list', 'chat'],
  ])('of %s tell the operation %s', (path, operation) => {
    expect(read({ ...RECORD, path }).call.operation).toBe(operation);
  });

  it.each([
    [{ success: false, status_code: 200 }, true],
    [{ success: true, status_code: 400 }, true],
    [{ success: true, status_code: '502' }, true],
    [{ success: true, status_code: 399 }, false],
    [{ success: true, status_code: null }, false],
    [{ success: null, status_code: 200 }, false],
  ])('with %j are failures: %s', (fields, failed) => {
    expect(read({ ...RECORD, ...fields }).failed).toBe(failed);
  });

  it('tell failures and replays', () => {
    const failed = read({ ...RECORD, success: false, status_code: 429, tokens_in: 0, tokens_out: 0, cost: 0 });
    expect(failed).toMatchObject({ failed: true, call: { usage: null, reportedCostUsd: null } });
    expect(read({ ...RECORD, cached: true, cost: 0 }).call).toMatchObject({
      cacheReplay: true,
      reportedCostUsd: '0.000000000000',
    });
  });
});
