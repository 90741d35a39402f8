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
    ['inside it', { prompt_tokens: 1000, total_tokens: 1100 }],
  ])('count cached tokens once, whether they stand %s', (_, fields) => {
    expect(read({ ...RECORD, ...fields }).call.usage).toMatchObject({
      inputTokens: 1000,
      cacheReadTokens: 700,
      cacheWriteTokens: 100,
      outputTokens: 100,
    });
  });

  it('vouch for the account only: user and properties are headers of the caller', () => {
    const { vouched, claimed } = read(RECORD);
    expect(byKey(vouched)).toEqual({ helicone_user: 'owner-1' });
    expect(byKey(claimed)).toMatchObject({
      request_user_id: 'u-1',
      'tenant.id': 'acme',
      'request_properties.tenant.id': 'acme',
    });
  });

  it.each([429, 500, -3])('of status %d are failures', (response_status) => {
    expect(read({ ...RECORD, response_status }).failed).toBe(true);
  });

  it('from the cache are replays', () => {
    expect(read({ ...RECORD, cache_reference_id: RECORD.request_id }).call.cacheReplay).toBe(true);
  });
});
