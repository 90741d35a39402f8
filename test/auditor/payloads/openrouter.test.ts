import { describe, expect, it } from 'vitest';
import { isRecognised } from '../../../auditor/payloads/all.js';
import { byKey, gatewayRecords, readGatewayRecord as read, START_US } from '../../support/gateway-records.js';

const RECORD = gatewayRecords.openrouter.data;

describe('OpenRouter generations', () => {
  it.each([
    ['bare', RECORD],
    ['as the data of an answer', { data: RECORD }],
  ])('are read %s, with the token counts that are billed', (_, record) => {
    expect(read(record)).toMatchObject({
      recordId: 'gen-1',
      requestIds: ['gen-1', 'chatcmpl-3'],
      failed: false,
      startUs: START_US + 433_273,
      call: {
        provider: 'openai',
        requestModel: 'gpt-4o',
        responseId: 'chatcmpl-3',
        stream: true,
        usage: { inputTokens: 1000, cacheReadTokens: 800, outputTokens: 100, reasoningTokens: 40 },
        usageEstimated: false,
        operation: 'chat',
        reportedCostUsd: '0.001500000000',
      },
    });
  });

  it.each([
    ['the native counts', { native_tokens_prompt: 1 }, true],
    ['whose key it was, and the cost', { is_byok: false, total_cost: 1 }, true],
    ['the cost alone', { total_cost: 1 }, false],
  ])('are known by %s', (_, fields, isKnown) => {
    expect(isRecognised({ id: 'gen-1', created_at: '2026-01-01T00:00:00Z', ...fields })).toBe(isKnown);
  });

  it.each([
    [{ native_tokens_prompt: null }, { inputTokens: null, outputTokens: 100 }, false],
    [{ native_tokens_completion: null }, { inputTokens: 1000, outputTokens: null }, false],
    [
      { native_tokens_prompt: null, native_tokens_completion: null, tokens_prompt: null },
      { inputTokens: null, outputTokens: 90 },
      true,
    ],
    [
      { native_tokens_prompt: null, native_tokens_completion: null, tokens_completion: null },
      { inputTokens: 900, outputTokens: null },
      true,
    ],
  ])('never mix counts of two tokenizers: %j', (fields, usage, usageEstimated) => {
    expect(read({ ...RECORD, ...fields }).call).toMatchObject({ usage, usageEstimated });
  });

  it('without any counts have no usage, rather than a guessed one', () => {
    const none = { tokens_prompt: null, tokens_completion: null };
    const { call } = read({ ...RECORD, ...none, native_tokens_prompt: null, native_tokens_completion: null });
    expect(call).toMatchObject({ usage: null, usageEstimated: false });
  });

  it('of embeddings are told by the kind of API', () => {
    expect(read({ ...RECORD, api_type: 'embeddings' }).call.operation).toBe('embeddings');
    expect(read({ ...RECORD, api_type: 'completions' }).call.operation).toBe('chat');
  });

  it('cost the total, else what the account was charged', () => {
    expect(read({ ...RECORD, total_cost: 0.002 }).call.reportedCostUsd).toBe('0.002000000000');
    expect(read({ ...RECORD, total_cost: null }).call.reportedCostUsd).toBe('0.001500000000');
  });

  it('without native counts have estimated usage', () => {
    const { call } = read({ ...RECORD, native_tokens_prompt: null, native_tokens_completion: null });
    expect(call).toMatchObject({ usage: { inputTokens: 900, outputTokens: 90 }, usageEstimated: true });
  });

  it.each([
    [0.0012, '0.001200000000'],
    [0, null],
    [null, null],
  ])('with a key of the user cost what the provider bills, never the fee (%s)', (upstream_inference_cost, usd) => {
    const byok = { ...RECORD, is_byok: true, total_cost: 0.00006, usage: 0.00006, upstream_inference_cost };
    expect(read(byok).call.reportedCostUsd).toBe(usd);
  });

  it('keep the user as the word of the caller, and tell a failure', () => {
    expect(byKey(read(RECORD).claimed)).toEqual({ external_user: 'u-1', app_id: '12345' });
    expect(read(RECORD).vouched).toEqual([]);
    expect(byKey(read({ ...RECORD, api_key_id: 7 }).vouched)).toEqual({ api_key_id: '7' });
    expect(read({ ...RECORD, finish_reason: 'error' }).failed).toBe(true);
  });
});
