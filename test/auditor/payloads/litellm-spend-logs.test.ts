import { describe, expect, it } from 'vitest';
import { byKey, gatewayRecords, readGatewayRecord as read, START_US, TRACE_ID } from '../../support/gateway-records.js';

const RECORD = gatewayRecords['litellm-spend-logs'];

describe('LiteLLM SpendLogs rows', () => {
  it('are read to the microsecond and to the last digit', () => {
    expect(read(RECORD)).toMatchObject({
      gateway: 'litellm',
      recordId: 'chatcmpl-2',
      traceId: TRACE_ID,
      requestIds: ['chatcmpl-2', TRACE_ID],
      startUs: START_US + 123_456,
      endUs: START_US + 1_000_000,
      failed: false,
      call: {
        operation: 'embeddings',
        provider: 'openai',
        requestModel: 'embed',
        responseModel: 'text-embedding-3-small',
        usage: { inputTokens: 5, outputTokens: 0 },
        cacheReplay: false,
        reportedCostUsd: '0.000000100000',
      },
    });
  });

  it('take apart JSON in strings, and key from caller', () => {
    const { vouched, claimed } = read(RECORD);
    expect(byKey(vouched)).toEqual({
      api_key: RECORD.api_key,
      user: 'owner-1',
      team_id: 'team-1',
      'metadata.user_api_key_alias': 'web',
    });
    expect(byKey(claimed)).toEqual({
      end_user: 'u-1',
      request_tags: '["search"]',
      'tenant.id': 'acme',
      'metadata.spend_logs_metadata.tenant.id': 'acme',
    });
  });

  it('take metadata and tags that are no strings', () => {
    const { vouched, claimed } = read({
      ...RECORD,
      organization_id: 'org-1',
      metadata: { user_api_key_alias: 'web' },
      request_tags: ['search'],
    });
    expect(byKey(vouched)).toMatchObject({ organization_id: 'org-1', 'metadata.user_api_key_alias': 'web' });
    expect(byKey(claimed)).toMatchObject({ request_tags: '["search"]' });
  });

  it.each([
    ['chatcmpl-2', 'chatcmpl-2'],
    ['chatcmpl-2_cache_hit1767225600.25', 'chatcmpl-2'],
    ['chatcmpl-2_cache_hit', 'chatcmpl-2'],
    ['chatcmpl_cache_hit1-2', 'chatcmpl_cache_hit1-2'],
  ])('of request %s have the response %s', (request_id, responseId) => {
    expect(read({ ...RECORD, request_id }).call.responseId).toBe(responseId);
    expect(read({ ...RECORD, request_id, status: 'failure' }).call.responseId).toBe('');
  });

  it('never keep a key itself', () => {
    expect(byKey(read({ ...RECORD, api_key: 'sk-1234567890' }).vouched)).not.toHaveProperty('api_key');
  });

  it.each([
    ['a spend of 0', { spend: 0 }, { reportedCostUsd: null, cacheReplay: false }],
    ['a replay', { spend: 0, cache_hit: 'True' }, { reportedCostUsd: '0.000000000000', cacheReplay: true }],
  ])('tell unknown from free: %s', (_, fields, call) => {
    expect(read({ ...RECORD, ...fields }).call).toMatchObject(call);
  });

  it('tell a failure by the metadata too', () => {
    const failed = { ...RECORD, metadata: '{"status": "failure"}', prompt_tokens: 0, spend: 0 };
    expect(read(failed)).toMatchObject({ failed: true, call: { usage: null, reportedCostUsd: null } });
  });
});
