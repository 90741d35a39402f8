import { describe, expect, it } from 'vitest';
import { isRecognised } from '../../../auditor/payloads/all.js';
import { byKey, gatewayRecords, readGatewayRecord as read } from '../../support/gateway-records.js';

const RECORD = gatewayRecords.portkey;

describe('Portkey logs', () => {
  it('are read, with a trace id of another form among the request ids', () => {
    expect(read(RECORD)).toMatchObject({
      recordId: 'log-1',
      traceId: null,
      requestIds: ['log-1', 'my-trace'],
      failed: false,
      call: { provider: 'azure.ai.openai', requestModel: 'gpt-4o', usage: { inputTokens: 1000, outputTokens: 100 } },
    });
  });

  it.each([
    [0.35, 'USD', '0.003500000000'],
    [0.1, undefined, '0.001000000000'],
    ['0.00000000005', 'USD', '0.000000000001'],
    [1.234e-7, 'usd', '0.000000001234'],
    [0.35, 'EUR', null],
    [-1, 'USD', null],
  ])('cost %s cents (%s) is %s dollars', (cost, cost_currency, usd) => {
    expect(read({ ...RECORD, cost, cost_currency }).call.reportedCostUsd).toBe(usd);
  });

  it.each([
    ['an object', RECORD.metadata],
    ['two lists', { key: ['_user', 'tenant.id', 'secret'], value: ['u-1', 'acme', 'hidden'] }],
  ])('keep the metadata of the caller from %s, without secrets', (_, metadata) => {
    const { vouched, claimed } = read({ ...RECORD, metadata });
    expect(byKey(vouched)).toEqual({ virtual_key: 'openai-prod' });
    expect(byKey(claimed)).toEqual({
      _user: 'u-1',
      'metadata._user': 'u-1',
      'tenant.id': 'acme',
      'metadata.tenant.id': 'acme',
    });
  });

  it.each(['ai_org', 'ai_model'])('are known by %s', (key) => {
    expect(isRecognised({ id: 'log-1', created_at: '2026-01-01T00:00:00Z', [key]: 'x' })).toBe(true);
    expect(isRecognised({ id: 'log-1', created_at: '2026-01-01T00:00:00Z' })).toBe(false);
  });

  it('keep metadata as they are where only one list is there', () => {
    for (const metadata of [{ key: ['tenant'] }, { value: ['acme'] }]) {
      expect(Object.values(byKey(read({ ...RECORD, metadata }).claimed))).toEqual(
        Array.from({ length: 2 }, () => JSON.stringify(Object.values(metadata)[0])),
      );
    }
  });

  it('vouch for workspace and organisation', () => {
    const more = { virtual_key: null, workspace_slug: 'web', workspace_id: 'ws-1', organisation_id: 'org-1' };
    expect(byKey(read({ ...RECORD, ...more }).vouched)).toEqual({
      workspace_slug: 'web',
      workspace_id: 'ws-1',
      organisation_id: 'org-1',
    });
  });

  it.each([
    [{ is_success: false }, true],
    [{ response_status_code: 199 }, true],
    [{ response_status_code: 300 }, true],
    [{ response_status_code: 299 }, false],
    [{ response_status_code: null }, false],
    [{ is_success: null }, false],
  ])('with %j are failures: %s', (fields, failed) => {
    expect(read({ ...RECORD, ...fields }).failed).toBe(failed);
  });

  it('tell replays', () => {
    for (const cache_status of ['MISS', 'SEMANTIC MISS', 'REFRESH'])
      expect(read({ ...RECORD, cache_status }).call.cacheReplay).toBe(false);
    expect(read({ ...RECORD, cache_status: 'SEMANTIC HIT' }).call.cacheReplay).toBe(true);
  });
});
