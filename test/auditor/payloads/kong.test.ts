import { describe, expect, it } from 'vitest';
import { byKey, gatewayRecords, readGatewayRecord as read, START_US, TRACE_ID } from '../../support/gateway-records.js';

const RECORD = gatewayRecords.kong;

describe('Kong logs', () => {
  it('are read from the plugin that proxies, in the singular', () => {
    expect(read(RECORD)).toMatchObject({
      recordId: 'kong-1',
      traceId: TRACE_ID,
      startUs: START_US,
      endUs: START_US + 800_000,
      failed: false,
      call: {
        provider: 'mistral_ai',
        requestModel: 'mistral-small',
        responseModel: 'mistral-small-2506',
        stream: true,
        usage: { inputTokens: 1000, outputTokens: 100 },
        reportedCostUsd: '0.000130000000',
      },
    });
  });

  it('are read in the plural and under the older name', () => {
    const ai = { 'ai-proxy': { meta: {}, usage: { prompt_tokens: 3, completion_tokens: 4 } } };
    expect(read({ ...RECORD, ai }).call.usage).toMatchObject({ inputTokens: 3, outputTokens: 4 });
  });

  it('vouch for the consumer', () => {
    expect(byKey(read(RECORD).vouched)).toEqual({
      'consumer.id': 'c-1',
      'consumer.username': 'acme-app',
      'consumer.custom_id': 'acme',
    });
    expect(read(RECORD).claimed).toEqual([]);
  });

  it('tell failures and replays', () => {
    expect(read({ ...RECORD, response: { status: 502 } }).failed).toBe(true);
    const ai = { proxy: { ...RECORD.ai.proxy, cache: { cache_status: 'Hit' } } };
    expect(read({ ...RECORD, ai }).call.cacheReplay).toBe(true);
  });
});
