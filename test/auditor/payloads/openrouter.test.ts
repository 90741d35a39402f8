import { describe, expect, it } from 'vitest';
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
      startUs: START_US + 433_273,
      call: {
        provider: 'openai',
        requestModel: 'gpt-4o',
        responseId: 'chatcmpl-3',
        stream: true,
        usage: { inputTokens: 1000, cacheReadTokens: 800, outputTokens: 100, reasoningTokens: 40 },
        usageEstimated: false,
        reportedCostUsd: '0.001500000000',
      },
    });
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
    expect(read({ ...RECORD, finish_reason: 'error' }).failed).toBe(true);
  });
});
