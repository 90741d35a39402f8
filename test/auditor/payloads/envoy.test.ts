import { describe, expect, it } from 'vitest';
import { isRecognised } from '../../../auditor/payloads/all.js';
import { byKey, gatewayRecords, readGatewayRecord as read, START_US, TRACE_ID } from '../../support/gateway-records.js';

const RECORD = gatewayRecords.envoy;
const METADATA = 'io.envoy.ai_gateway';
const { [METADATA]: metadata, ...rest } = RECORD;

describe('Envoy access logs', () => {
  it('are read, a dash being nothing', () => {
    expect(read(RECORD)).toMatchObject({
      recordId: 'req-1',
      traceId: TRACE_ID,
      requestIds: ['req-1'],
      endUs: START_US + 1_100_000,
      failed: false,
      call: { operation: 'chat', provider: 'openai', requestModel: 'gpt-4o', responseModel: '', conversationId: 's-1' },
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

  it.each([
    ['the metadata', { [METADATA]: null }],
    ['any of its tokens', { llm_output_token: 1 }],
    ['any of its tokens with a prefix', { [`${METADATA}:llm_total_token`]: 1 }],
    ["OpenTelemetry's counts and a start", { start_time: '-', 'gen_ai.usage.input_tokens': 1 }],
    ["OpenTelemetry's model and a start", { start_time: '-', 'gen_ai.request.model': 'gpt-4o' }],
  ])('are known by %s', (_, record) => {
    expect(isRecognised(record)).toBe(true);
  });

  it.each([
    ['a start alone', { start_time: '-', response_code: 200 }],
    ['a model without a start', { 'gen_ai.request.model': 'gpt-4o' }],
  ])('are not known by %s', (_, record) => {
    expect(isRecognised(record)).toBe(false);
  });

  it('name their trace themselves, or by a header that is whole', () => {
    const { traceparent: _, ...bare } = RECORD;
    expect(read(bare).traceId).toBeNull();
    expect(read({ ...bare, trace_id: TRACE_ID }).traceId).toBe(TRACE_ID);
    expect(read({ ...bare, traceparent: `cc-${RECORD.traceparent}` }).traceId).toBeNull();
  });

  it('tell the operation, where the line has it', () => {
    expect(read({ ...RECORD, 'gen_ai.operation.name': 'embeddings' }).call.operation).toBe('embeddings');
  });

  it('take the first key that says something', () => {
    expect(read({ ...RECORD, 'x-request-id': '', request_id: 'req-2' }).recordId).toBe('req-2');
    expect(read({ ...RECORD, 'x-request-id': '-', request_id: 'req-2' }).recordId).toBe('req-2');
  });

  it.each([
    [399, false],
    [400, true],
    ['-', false],
  ])('with the code %j are failures: %s', (response_code, failed) => {
    expect(read({ ...RECORD, response_code }).failed).toBe(failed);
  });

  it('tell a failure, and a client that went away', () => {
    const none = { 'io.envoy.ai_gateway': { llm_input_token: '-' } };
    for (const response_code of [503, 0]) {
      expect(read({ ...RECORD, ...none, response_code })).toMatchObject({ failed: true, call: { usage: null } });
    }
  });
});
