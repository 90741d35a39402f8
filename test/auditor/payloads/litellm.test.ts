import { describe, expect, it } from 'vitest';
import { read, said, START_US, TRACE, usage } from './read.js';
import * as records from './records.js';

describe("LiteLLM's logging payload", () => {
  it('is one call, with what its key vouches for kept apart from what the caller says', () => {
    const { vouched, claimed, ...record } = read(records.liteLlmPayload);
    expect(record).toMatchObject({
      gateway: 'litellm',
      recordId: 'call-1',
      traceId: TRACE,
      spanId: null,
      requestIds: ['call-1', 'chatcmpl-1'],
      startUs: START_US,
      endUs: START_US + 1_250_000,
      failed: false,
      call: {
        dialect: 'litellm-log',
        operation: 'chat',
        provider: 'azure.ai.openai',
        requestModel: 'gpt-4o',
        responseId: 'chatcmpl-1',
        stream: true,
        cacheReplay: false,
        usage: usage({ reasoningTokens: 30 }),
        reportedCostUsd: '0.003000000100',
      },
    });
    expect(said(vouched)).toEqual({
      'metadata.user_api_key_hash': '88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b',
      'metadata.user_api_key_alias': 'web',
      'metadata.user_api_key_team_id': 'acme',
    });
    expect(said(claimed)).toMatchObject({
      end_user: 'initech',
      request_tags: '["chat","beta"]',
      'metadata.team_id': 'globex',
      'metadata.spend_logs_metadata.feature.id': 'chat',
      'feature.id': 'chat',
      'tenant.id': 'initech',
    });
  });

  it('has no known cost where it could not price the model, or says nothing', () => {
    const unmapped = {
      ...records.liteLlmPayload,
      response_cost: 0,
      response_cost_failure_debug_info: { error_str: 'unmapped' },
    };
    expect(read(unmapped).call.reportedCostUsd).toBeNull();
    expect(read({ ...records.liteLlmPayload, response_cost: null }).call.reportedCostUsd).toBeNull();
    expect(read({ ...records.liteLlmPayload, response_cost: 0 }).call.reportedCostUsd).toBe('0.000000000000');
  });

  it('tells failed attempts and answers from the cache', () => {
    const failed = {
      ...records.liteLlmPayload,
      status: 'failure',
      prompt_tokens: null,
      completion_tokens: null,
      metadata: {},
    };
    expect(read(failed)).toMatchObject({ failed: true, call: { usage: null, responseId: '' } });
    expect(read({ ...records.liteLlmPayload, cache_hit: true }).call.cacheReplay).toBe(true);
  });
});

describe("a row of LiteLLM's SpendLogs", () => {
  it('is the same call, its JSON in strings read', () => {
    const { vouched, claimed, ...record } = read(records.liteLlmSpendLog);
    expect(record).toMatchObject({
      recordId: 'chatcmpl-1',
      startUs: START_US,
      endUs: START_US + 1_250_000,
      call: {
        provider: 'openai',
        requestModel: 'gpt-4o',
        responseId: 'chatcmpl-1',
        cacheReplay: false,
        usage: usage({ cacheReadTokens: 0 }),
        reportedCostUsd: '0.003000000000',
      },
    });
    expect(said(vouched)).toEqual({
      api_key: '88dc28d0f030c55e',
      user: 'jane',
      team_id: 'acme',
      'metadata.user_api_key_team_id': 'acme',
    });
    expect(said(claimed)).toMatchObject({ end_user: 'initech', request_tags: '["chat"]', 'feature.id': 'chat' });
    expect(read({ ...records.liteLlmSpendLog, cache_hit: 'True' }).call.cacheReplay).toBe(true);
  });
});
