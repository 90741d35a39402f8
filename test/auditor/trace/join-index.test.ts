import { describe, expect, it } from 'vitest';
import { recordSpan } from '../../../auditor/payloads/record-span.js';
import { createJoinIndex, isAlike, modelsOf, requestIdsOf } from '../../../auditor/trace/join-index.js';
import { buildTrace } from '../../../auditor/trace/trace.js';
import type { Span } from '../../../schemas/span.js';
import { contract } from '../../support/contract.js';
import { gatewayRecord } from '../../support/record.js';
import { callFacts, clean, START_US, trace } from '../../support/trace.js';

type Change = Parameters<typeof gatewayRecord>[0];
const record = (change: Change = {}): Span =>
  recordSpan(gatewayRecord(change), { traceId: 'a'.repeat(32), parentSpanId: null, by: 'own' }, contract());

function indexOf(spans: readonly Span[]) {
  const { nodes, byId } = buildTrace(spans);
  return { index: createJoinIndex(nodes), nodeAt: (id: string) => byId.get(id) ?? null };
}

describe('the call that is made at a span', () => {
  it('is the span itself where it is a call, or where no call is below it', () => {
    const web = trace().station('web', clean);
    const call = web.call('gpt-4o');
    const quiet = web.inside();
    const { index, nodeAt } = indexOf(call.spans);
    const at = (id: string) => {
      const node = nodeAt(id);
      return node === null ? null : (index.callAt(node, record())?.span.spanId ?? null);
    };
    expect(at(call.spanId)).toBe(call.spanId);
    expect(at(quiet.spanId)).toBe(quiet.spanId);
    expect(at(web.spanId)).toBe(call.spanId);
  });

  it('is the only one below it that fits, and none where several do', () => {
    const web = trace().station('web', clean);
    const one = web.call('gpt-4o');
    web.call('gpt-4o', { inputTokens: 7, outputTokens: 7 });
    const { index, nodeAt } = indexOf(one.spans);
    const top = nodeAt(web.spanId);
    if (top === null) throw new Error('The top is expected.');
    expect(index.callAt(top, record())?.span.spanId).toBe(one.spanId);
    expect(index.callAt(top, record({ facts: { usage: null } }))).toBeNull();
    expect(index.callAt(top, record({ facts: { requestModel: 'other', responseModel: 'other' } }))).toBeNull();
    expect(index.onlyAlike(record())?.span.spanId).toBe(one.spanId);
    expect(index.onlyAlike(record({ facts: { usage: null } }))).toBeNull();
  });

  it('is one without a call below it', () => {
    const client = trace().station('web', clean).call('gpt-4o');
    const gateway = client.station('litellm', clean).call('gpt-4o');
    const { index } = indexOf(gateway.spans);
    expect(index.onlyAlike(record())?.span.spanId).toBe(gateway.spanId);
  });
});

describe('the call with a response or a request', () => {
  const web = trace().station('web', clean);
  const ended = (afterUs: number) => ({ span: { endUs: START_US + afterUs }, facts: { responseId: 'x' } });
  const early = web.call('gpt-4o', undefined, ended(100));
  const late = web.call('gpt-4o', undefined, ended(5_000));
  const gateway = web.station('litellm', clean).call('gpt-4o', undefined, ended(900_000));

  it("is that of the record's own service, else the one that ended when the record did", () => {
    const { index } = indexOf(web.spans);
    const found = (endUs: number, change: Change = {}) =>
      index.callWithResponse(record({ startUs: START_US, endUs, facts: { responseId: 'x' }, ...change }))?.span.spanId;
    expect(found(START_US + 90)).toBe(gateway.spanId);
    expect(found(START_US + 90, { gateway: 'portkey' })).toBe(early.spanId);
    expect(found(START_US + 4_000, { gateway: 'portkey' })).toBe(late.spanId);
    // As near to one as to the other: the same one in any order.
    expect(found(START_US + 2_550, { gateway: 'portkey' })).toBe(early.spanId);
    expect(found(START_US, { facts: { responseId: 'y' } })).toBeUndefined();
    expect(found(START_US, { facts: { responseId: '' } })).toBeUndefined();
  });

  it('is found at the span that names the request', () => {
    const { spans } = trace(3)
      .station('web', {}, { attributes: ['http.route', 'q1', 'x-request-id', 'q2'] })
      .call('gpt-4o');
    const { index } = indexOf(spans);
    expect(index.callOfRequest('q2', record())?.span.spanId).toBe(spans[1]?.spanId);
    expect(index.callOfRequest('q1', record())).toBeNull();
    expect(spans.map(requestIdsOf)).toEqual([['q2'], []]);
  });
});

describe('a call and a record', () => {
  const span = (call: Span['call']): Span => ({ ...record(), call });
  const alike = (one: Span['call'], other: Span['call']) => isAlike(span(one), span(other));
  const used = (inputTokens: number | null, outputTokens: number | null, model = 'gpt-4o') =>
    callFacts(model, { inputTokens, outputTokens });

  it('are alike where what both say is the same', () => {
    expect(alike(used(1, 2), used(1, 2))).toBe(true);
    expect(alike(used(1, 2), used(1, 3))).toBe(false);
    expect(alike(used(1, 2), used(3, 2))).toBe(false);
    expect(alike(used(1, null), used(1, 2))).toBe(true);
    expect(alike(used(1, 2), callFacts('gpt-4o', null))).toBe(true);
    expect(alike(callFacts('gpt-4o', null), used(1, 2))).toBe(true);
    expect(alike(used(1, 2), used(1, 2, 'GPT-4O'))).toBe(true);
    expect(alike(used(1, 2), used(1, 2, 'other'))).toBe(false);
    expect(alike(used(1, 2, ''), used(1, 2))).toBe(true);
    expect(alike(used(1, 2), used(1, 2, ''))).toBe(true);
    expect(alike({ ...used(1, 2), requestModel: 'alias' }, used(1, 2))).toBe(true);
    expect(alike(null, used(1, 2))).toBe(false);
    expect(alike(used(1, 2), null)).toBe(false);
  });

  it('name models in any case, each once', () => {
    expect(modelsOf({ ...used(1, 2), requestModel: 'Alias', responseModel: 'GPT' })).toEqual(['alias', 'gpt']);
    expect(modelsOf({ ...used(1, 2), requestModel: 'GPT', responseModel: 'gpt' })).toEqual(['gpt']);
    expect(modelsOf({ ...used(1, 2), requestModel: '', responseModel: '' })).toEqual([]);
  });
});
