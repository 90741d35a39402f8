import { describe, expect, it } from 'vitest';
import { byKey, gatewayRecords, readGatewayRecord as read, START_US, TRACE_ID } from '../../support/gateway-records.js';

const RECORD = gatewayRecords.envoy;
const { 'io.envoy.ai_gateway': metadata, ...rest } = RECORD;

describe('Envoy access logs', () => {
  it('are read, a dash being nothing', () => {
    expect(read(RECORD)).toMatchObject({
      recordId: 'req-1',
      traceId: TRACE_ID,
      endUs: START_US + 1_100_000,
      failed: false,
      call: { provider: 'openai', requestModel: 'gpt-4o', responseModel: '', conversationId: 's-1' },
    });
    expect(byKey(read(RECORD).claimed)).toEqual({ 'session.id': 's-1', 'tenant.id': 'acme' });
    expect(read(RECORD).vouched).toEqual([]);
  });

  it.each([
    ['nested', { 'io.envoy.ai_gateway': metadata }],
    ['flat', { ...metadata }],
    ['prefixed', { 'io.envoy.ai_gateway:llm_input_token': '1000', 'io.envoy.ai_gateway:llm_output_token': '100' }],
    ["in OpenTelemetry's words", { 'gen_ai.usage.input_tokens': 1000, 'gen_ai.usage.output_tokens': '100' }],
  ])('give their tokens %s', (_, tokens) => {
    const { call } = read({ ...rest, ...tokens });
    expect(call.usage).toMatchObject({ inputTokens: 1000, outputTokens: 100 });
    expect(call.reportedCostUsd).toBeNull();
  });

  it('tell a failure, and a client that went away', () => {
    const none = { 'io.envoy.ai_gateway': { llm_input_token: '-' } };
    for (const response_code of [503, 0]) {
      expect(read({ ...RECORD, ...none, response_code })).toMatchObject({ failed: true, call: { usage: null } });
    }
  });
});
