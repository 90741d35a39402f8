import { describe, expect, it } from 'vitest';
import { byKey, gatewayRecords, readGatewayRecord as read } from '../../support/gateway-records.js';

const RECORD = gatewayRecords.helicone;

describe('Helicone requests', () => {
  it('are read with ids, models, usage and cost', () => {
    expect(read(RECORD)).toMatchObject({
      recordId: RECORD.request_id,
      requestIds: [RECORD.request_id, 'msg_1'],
      failed: false,
      call: {
        provider: 'anthropic',
        requestModel: 'claude-sonnet-4-5',
        responseModel: 'claude-sonnet-4-5-20250929',
        responseId: 'msg_1',
        conversationId: 's-1',
        cacheReplay: false,
        reportedCostUsd: '0.002100000000',
      },
    });
  });

  it.each([
    ['beside the prompt', { prompt_tokens: 200, total_tokens: 1100 }],
    ['beside a prompt that is shorter, without a total', { prompt_tokens: 200, total_tokens: null }],
    ['inside it', { prompt_tokens: 1000, total_tokens: 1100 }],
  ])('count cached tokens once, whether they stand %s', (_, fields) => {
    expect(read({ ...RECORD, ...fields }).call.usage).toMatchObject({
      inputTokens: 1000,
      cacheReadTokens: 700,
      cacheWriteTokens: 100,
      outputTokens: 100,
    });
  });

  it.each([
    ['beside a prompt that is longer, by the total', { prompt_tokens: 1000, total_tokens: 1900 }, 1800],
    ['inside a prompt of their own length', { prompt_tokens: 800, total_tokens: 900 }, 800],
    ['inside a longer prompt without a total', { prompt_tokens: 1000, total_tokens: null }, 1000],
    ['inside, without an output', { prompt_tokens: 1000, completion_tokens: null, total_tokens: 1000 }, 1000],
    ['beside, without an output', { prompt_tokens: 1000, completion_tokens: null, total_tokens: 1800 }, 1800],
    ['of a prompt that is not known', { prompt_tokens: null, total_tokens: 900 }, null],
  ])('count an input with cached tokens %s', (_, fields, inputTokens) => {
    expect(read({ ...RECORD, ...fields }).call.usage?.inputTokens).toBe(inputTokens);
  });

  it('count an input without cached tokens as it is', () => {
    const none = { prompt_cache_read_tokens: 0, prompt_cache_write_tokens: null };
    expect(read({ ...RECORD, ...none, prompt_tokens: 0 }).call.usage).toMatchObject({ inputTokens: 0 });
    expect(read({ ...RECORD, ...none, prompt_tokens: 1000 }).call.usage).toMatchObject({ inputTokens: 1000 });
  });

  it.each([
    ['/v1/embeddings', 'embeddings'],
    ['/v1/embedding', 'embeddings'],
    ['/v1/embeddings/batch', 'chat'],
  ])('of %s tell the operation %s', (request_path, operation) => {
    expect(read({ ...RECORD, request_path }).call.operation).toBe(operation);
  });

  it.each([
    [{ response_created_at: '2026-01-01T00:00:02Z', delay_ms: 5 }, 2_000_000],
    [{ response_created_at: null, delay_ms: 5 }, 5_000],
    [{ response_created_at: null, delay_ms: null }, 0],
  ])('with %j took %d µs', (fields, tookUs) => {
    const { startUs, endUs } = read({ ...RECORD, ...fields });
    expect(endUs - startUs).toBe(tookUs);
  });

  it('vouch for the account only: user and properties are headers of the caller', () => {
    const { vouched, claimed } = read(RECORD);
    expect(byKey(vouched)).toEqual({ helicone_user: 'owner-1' });
    expect(byKey(read({ ...RECORD, auth_id: 'auth-1' }).vouched)).toMatchObject({ auth_id: 'auth-1' });
    expect(byKey(claimed)).toMatchObject({
      request_user_id: 'u-1',
      'tenant.id': 'acme',
      'request_properties.tenant.id': 'acme',
    });
  });

  it.each([300, 429, 500, 199, -3])('of status %d are failures', (response_status) => {
    expect(read({ ...RECORD, response_status }).failed).toBe(true);
  });

  it.each([200, 299, '200', null])('of status %j are none', (response_status) => {
    expect(read({ ...RECORD, response_status }).failed).toBe(false);
  });

  it('from the cache are replays', () => {
    for (const none of [null, '']) expect(read({ ...RECORD, cache_reference_id: none }).call.cacheReplay).toBe(false);
    expect(read({ ...RECORD, cache_reference_id: RECORD.request_id }).call.cacheReplay).toBe(true);
  });
});
