import { describe, expect, it } from 'vitest';
import { isRecognised } from '../../../auditor/payloads/all.js';
import { byKey, gatewayRecords, readGatewayRecord as read, START_US, TRACE_ID } from '../../support/gateway-records.js';

const RECORD = gatewayRecords.kong;

describe('Kong logs', () => {
  it('are read from the plugin that proxies, in the singular', () => {
    expect(read(RECORD)).toMatchObject({
      recordId: 'kong-1',
      traceId: TRACE_ID,
      requestIds: ['kong-1'],
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

  it('need a plugin that asked a model, and a request', () => {
    const { ai, request: _, ...line } = RECORD;
    expect(isRecognised({ ...line, ai })).toBe(false);
    for (const none of [undefined, null, 'ai', {}, { proxy: { latency: 3 } }])
      expect(isRecognised({ ...RECORD, ai: none })).toBe(false);
    for (const part of ['usage', 'meta']) expect(isRecognised({ ...RECORD, ai: { proxy: { [part]: {} } } })).toBe(true);
  });

  it('name their trace themselves, or by a header that is whole', () => {
    expect(read({ ...RECORD, trace_id: { w3c: 'a'.repeat(32) } }).traceId).toBe('a'.repeat(32));
    expect(read({ ...RECORD, request: { id: 'kong-1' } }).traceId).toBeNull();
    const headers = { traceparent: `cc-${RECORD.request.headers.traceparent}` };
    expect(read({ ...RECORD, request: { id: 'kong-1', headers } }).traceId).toBeNull();
  });

  it('tell a stream from one answer', () => {
    const { proxy } = RECORD.ai;
    const meta = { ...proxy.meta, request_mode: 'oneshot' };
    expect(read({ ...RECORD, ai: { proxy: { ...proxy, meta } } }).call.stream).toBe(false);
  });

  it('vouch for the consumer', () => {
    expect(byKey(read(RECORD).vouched)).toEqual({
      'consumer.id': 'c-1',
      'consumer.username': 'acme-app',
      'consumer.custom_id': 'acme',
    });
    const more = { ...RECORD, consumer: undefined, authenticated_entity: { id: 'e-1' }, workspace: 'ws-1' };
    expect(byKey(read(more).vouched)).toEqual({ 'authenticated_entity.id': 'e-1', workspace: 'ws-1' });
    expect(read(RECORD).claimed).toEqual([]);
  });

  it('tell failures and replays', () => {
    for (const [status, failed] of [
      [502, true],
      [400, true],
      [399, false],
      [undefined, false],
    ] as const)
      expect(read({ ...RECORD, response: { status } }).failed).toBe(failed);
    const ai = { proxy: { ...RECORD.ai.proxy, cache: { cache_status: 'Hit' } } };
    expect(read({ ...RECORD, ai }).call.cacheReplay).toBe(true);
  });
});
