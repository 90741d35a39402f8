import { describe, expect, it } from 'vitest';
import { NEAR_US, recordKeys, spanKeys, tokenKeys } from '../../../auditor/payloads/join-keys.js';
import type { Span } from '../../../schemas/span.js';
import { gatewayRecord } from '../../support/record.js';
import { callFacts, START_US, trace } from '../../support/trace.js';

const TRACE = 'a'.repeat(32);
const call = (change: Partial<Span> = {}): Span => {
  const span = trace().station('web').call('gpt-4o').spans.at(-1);
  if (span === undefined) throw new Error('A call is expected.');
  return { ...span, ...change };
};

describe('the keys by which records and spans find each other', () => {
  it('are those of trace, response, request, and model and tokens', () => {
    const facts = { responseId: 'x', requestModel: 'Alias', responseModel: 'GPT-4o' };
    const keys = recordKeys(gatewayRecord({ traceId: TRACE, requestIds: ['q1', 'q2'], facts }));
    const bucket = Math.floor((START_US + 900_000) / (2 * NEAR_US));
    expect(keys).toEqual([
      `trace ${TRACE}`,
      'response x',
      'request q1',
      'request q2',
      `tokens alias 1000 100 ${bucket}`,
      `tokens gpt-4o 1000 100 ${bucket}`,
    ]);
    expect(recordKeys(gatewayRecord({ facts: { usage: null } }))).toEqual([]);
    const span = call({
      attributes: ['http.route', '/chat', 'x-request-id', 'q1'],
      call: callFacts('gpt-4o', null, facts),
    });
    expect(spanKeys(span)).toEqual([`trace ${span.traceId}`, 'request q1', 'response x']);
    expect(spanKeys(call({ call: null }))).toEqual([`trace ${span.traceId}`]);
    expect(spanKeys(call({ call: callFacts('gpt-4o', null) }))).toEqual([`trace ${span.traceId}`]);
  });

  it('need both counts', () => {
    expect(tokenKeys(callFacts('gpt-4o', { inputTokens: 1 }))).toEqual([]);
    expect(tokenKeys(callFacts('gpt-4o', { outputTokens: 1 }))).toEqual([]);
    expect(tokenKeys(callFacts('gpt-4o', { inputTokens: 0, outputTokens: 0 }))).toEqual(['tokens gpt-4o 0 0']);
    expect(tokenKeys(callFacts('', { inputTokens: 1, outputTokens: 2 }))).toEqual([]);
  });

  it('meet for all ends that are near, wherever a stretch of time begins', () => {
    for (const offsetUs of [0, 1, NEAR_US - 1, NEAR_US, NEAR_US + 1, 3 * NEAR_US - 1]) {
      for (const distanceUs of [-NEAR_US, -1, 0, 1, NEAR_US]) {
        const endUs = START_US + offsetUs;
        const record = recordKeys(gatewayRecord({ startUs: endUs, endUs }));
        const span = spanKeys(call({ endUs: endUs + distanceUs }));
        expect(
          span.some((key) => record.includes(key)),
          `${offsetUs} ${distanceUs}`,
        ).toBe(true);
      }
    }
    const far = spanKeys(call({ endUs: START_US + 900_000 + 4 * NEAR_US }));
    expect(far.some((key) => recordKeys(gatewayRecord()).includes(key))).toBe(false);
  });
});
