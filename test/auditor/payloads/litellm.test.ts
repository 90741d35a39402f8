import { describe, expect, it } from 'vitest';
import { readRecord } from '../../../auditor/payloads/all.js';
import { byKey, gatewayRecords, readGatewayRecord as read, START_US, TRACE_ID } from '../../support/gateway-records.js';

const RECORD = gatewayRecords.litellm;

describe('LiteLLM payloads', () => {
  it('are read with ids, times, models, usage and cost', () => {
    expect(read(RECORD)).toMatchObject({
      gateway: 'litellm',
      recordId: 'chatcmpl-1',
      traceId: TRACE_ID,
      requestIds: ['call-1', TRACE_ID, 'chatcmpl-1'],
      startUs: START_US,
      endUs: START_US + 1_500_000,
      failed: false,
      call: {
        operation: 'chat',
        provider: 'azure.ai.openai',
        requestModel: 'fast',
        responseModel: 'gpt-4o',
        responseId: 'chatcmpl-1',
        stream: true,
        usage: { inputTokens: 1000, cacheReadTokens: 800, outputTokens: 100, reasoningTokens: 40 },
        reportedCostUsd: '0.002500000000',
      },
    });
  });

  it('vouch for what the key says, and for nothing that the caller says', () => {
    const { vouched, claimed } = read(RECORD);
    expect(byKey(vouched)).toEqual({
      'metadata.user_api_key_hash': RECORD.metadata.user_api_key_hash,
      'metadata.user_api_key_team_id': 'team-1',
    });
    expect(byKey(claimed)).toMatchObject({
      end_user: 'u-1',
      request_tags: '["search","beta"]',
      'metadata.team_id': 'said-by-caller',
      'metadata.user_api_key_end_user_id': 'u-1',
      'tenant.id': 'acme',
      'metadata.requester_metadata.feature': 'search',
    });
    expect(byKey(claimed)['metadata.user_api_key_team_id']).toBeUndefined();
  });

  it.each([
    ['null', { response_cost: null }],
    ['0 with a reason', { response_cost: 0, response_cost_failure_debug_info: { error_str: 'not mapped' } }],
    ['absent', { response_cost: undefined }],
  ])('leave a cost unknown that is %s', (_, fields) => {
    expect(read({ ...RECORD, ...fields }).call.reportedCostUsd).toBeNull();
  });

  it.each([
    ['without a reason', { response_cost_failure_debug_info: null }],
    ['where a reason is never given', { response_cost_failure_debug_info: undefined }],
    ['from the cache', { cache_hit: true, response_cost_failure_debug_info: { error_str: 'not mapped' } }],
  ])('are free at a cost of 0 %s', (_, fields) => {
    expect(read({ ...RECORD, response_cost: 0, ...fields }).call.reportedCostUsd).toBe('0.000000000000');
  });

  it.each([
    ['acompletion', 'chat'],
    ['aembedding', 'embeddings'],
    ['arerank', 'arerank'],
    ['', 'chat'],
    ['constructor', 'constructor'],
  ])('of type %j tell the operation %s', (call_type, operation) => {
    expect(read({ ...RECORD, call_type }).call.operation).toBe(operation);
  });

  it.each([
    ['chatcmpl-1_cache_hit1767225600.5', 'chatcmpl-1'],
    ['chatcmpl_cache_hit1-2', 'chatcmpl_cache_hit1-2'],
    ['call-1', ''],
  ])('with the id %s have the response %j', (id, responseId) => {
    expect(read({ ...RECORD, id }).call.responseId).toBe(responseId);
  });

  it('of a failure cannot be read without an id or a time', () => {
    const failure = { ...RECORD, status: 'failure' };
    expect(readRecord({ ...failure, id: '' })).toEqual({ reason: 'The litellm record has no id.' });
    expect(readRecord({ ...failure, startTime: null })).toEqual({
      reason: 'The litellm record chatcmpl-1 has no time that could be read.',
    });
  });

  it('of a failure count nothing, and attempts of one call stay apart', () => {
    const failure = {
      ...RECORD,
      id: 'call-1',
      status: 'failure',
      response_cost: 0,
      prompt_tokens: 0,
      completion_tokens: 0,
      metadata: {},
      error_information: { error_code: '429' },
    };
    const first = read(failure);
    expect(first).toMatchObject({ failed: true, call: { usage: null, reportedCostUsd: null, responseId: '' } });
    expect(read({ ...failure, startTime: failure.startTime + 2 }).recordId).not.toBe(first.recordId);
    expect(read(failure).recordId).toBe(first.recordId);
  });

  it('of an answer from the cache are a replay of the first response', () => {
    const replay = read({ ...RECORD, id: 'chatcmpl-1_cache_hit1767225600.5', cache_hit: true, response_cost: 0 });
    expect(replay.call).toMatchObject({
      cacheReplay: true,
      responseId: 'chatcmpl-1',
      reportedCostUsd: '0.000000000000',
    });
  });
});
