import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adapters, isRecognised, readRecord } from '../../../auditor/payloads/all.js';
import type { GatewayRecord } from '../../../schemas/payload.js';
import { gatewayNames } from '../../../schemas/payload.js';
import { gatewayRecords, readGatewayRecord, START_US } from '../../support/gateway-records.js';

const gatewayOf = (form: string) => gatewayNames.find((name) => name === form) ?? 'litellm';
const forms = Object.entries(gatewayRecords);

describe('gateway records', () => {
  it.each(forms)('of %s are recognised by their own adapter and no other', (form, record) => {
    expect(adapters.filter((one) => one.recognises(record)).map((one) => one.gateway)).toEqual([gatewayOf(form)]);
  });

  it.each(forms)('of %s are the same with and without a name, and hold neither content nor secrets', (form, record) => {
    const read = readGatewayRecord(record);
    expect(readGatewayRecord(record, gatewayOf(form))).toEqual(read);
    expect(Math.floor(read.startUs / 1e6)).toBe(START_US / 1e6);
    expect(read.call.dialect).toBe(`${gatewayOf(form)}-log`);
    expect(JSON.stringify(read)).not.toMatch(/private|hidden|Bearer/);
  });

  it('say what is wrong where they cannot be read', () => {
    expect(readRecord({ hello: 1 })).toEqual({ reason: expect.stringContaining('any known gateway') });
    expect(readRecord(gatewayRecords.kong, 'helicone')).toEqual({ reason: expect.stringContaining('of helicone') });
    expect(readRecord({ ...gatewayRecords.helicone, request_created_at: 'yesterday' })).toEqual({
      reason: expect.stringContaining('no time'),
    });
    expect(readRecord({ ...gatewayRecords.portkey, id: null })).toEqual({ reason: expect.stringContaining('no id') });
  });

  it.each(forms)('of %s are told from what is no record', (_, record) => {
    expect(isRecognised(record)).toBe(true);
    for (const other of [null, [record], {}, { resourceSpans: [] }]) expect(isRecognised(other)).toBe(false);
  });

  it('with the keys of two gateways are not guessed at', () => {
    const both = { ...gatewayRecords.portkey, ...gatewayRecords.bifrost };
    expect(readRecord(both)).toEqual({
      reason: 'The record could be of portkey, bifrost. Name the gateway it comes from.',
    });
    expect(readGatewayRecord(both, 'bifrost').gateway).toBe('bifrost');
  });

  it('say nothing of streams, guesses and replays where their gateway does not', () => {
    for (const form of ['envoy', 'langfuse'] as const) {
      const { call } = readGatewayRecord(gatewayRecords[form]);
      expect(call).toMatchObject({ stream: false, usageEstimated: false, cacheReplay: false });
    }
    expect(readGatewayRecord(gatewayRecords.envoy).call).toMatchObject({ responseId: '', conversationId: 's-1' });
  });

  it.each([
    ['4BF92F3577B34DA6A3CE929D0E0E4730', '4bf92f3577b34da6a3ce929d0e0e4730'],
    ['0'.repeat(32), null],
    ['a'.repeat(31), null],
    ['a'.repeat(33), null],
    [`${'a'.repeat(31)}-`, null],
    [`-${'a'.repeat(31)}`, null],
  ])('with the trace id %j are of trace %j', (trace_id, traceId) => {
    const read = readGatewayRecord({ ...gatewayRecords.langwatch, trace_id, span_id: trace_id.slice(-16) });
    expect(read.traceId).toBe(traceId);
    if (traceId !== null) expect(read.spanId).toBe(traceId.slice(-16));
  });

  it.each([
    ['OpenAI', 'openai/gpt-4o', 'gpt-4o'],
    ['Groq', 'meta-llama/llama-3', 'meta-llama/llama-3'],
    ['', '/gpt-4o', '/gpt-4o'],
    ['Groq', 'llama-3', 'llama-3'],
  ])('by %j of the model %j call it %j', (provider_name, model, bare) => {
    const { call } = readGatewayRecord({ ...gatewayRecords.openrouter.data, provider_name, model });
    expect(call).toMatchObject({ requestModel: bare, responseModel: bare });
  });

  it('of a failure keep a cost that was booked, and a usage in which anything was counted', () => {
    const failed = { ...gatewayRecords.cloudflare, success: false };
    expect(readGatewayRecord(failed).call.reportedCostUsd).toBe('0.002250000000');
    expect(readGatewayRecord({ ...failed, tokens_in: 0, tokens_out: null }).call.usage).toBeNull();
    expect(readGatewayRecord({ ...failed, tokens_in: 7, tokens_out: null }).call.usage).toMatchObject({
      inputTokens: 7,
      outputTokens: null,
    });
  });

  it('never take a wrong number for a count or an amount', () => {
    for (const wrong of [-1, 1.5, 1e300, Number.NaN, Number.POSITIVE_INFINITY, '-3', 'many', null, {}, [4]]) {
      const { call } = readGatewayRecord({
        ...gatewayRecords.cloudflare,
        tokens_in: wrong,
        tokens_out: 7,
        cost: wrong === 1.5 ? -1.5 : wrong,
      });
      expect(call.usage?.inputTokens ?? null).toBeNull();
      expect(call.reportedCostUsd).toBeNull();
    }
  });

  it.each(['helicone', 'portkey', 'cloudflare', 'kong', 'bifrost', 'langfuse'] as const)(
    'of %s leave a cost of 0 unknown: the price list may lack the model',
    (form) => {
      const text = JSON.stringify(gatewayRecords[form]);
      const zero = text.replaceAll(/"(cost|costUSD|calculatedTotalCost|total)":0\.\d+/g, '"$1":0');
      expect(zero).not.toBe(text);
      expect(readGatewayRecord(JSON.parse(zero)).call.reportedCostUsd).toBeNull();
    },
  );

  it('let no caller use the keys by which a gateway vouches, even where it says nothing', () => {
    const metadata = { virtual_key: 'forged', 'tenant.id': 'acme' };
    const read = readGatewayRecord({ ...gatewayRecords.portkey, virtual_key: null, metadata });
    expect(read.vouched).toEqual([]);
    expect(read.claimed.filter((_, i) => i % 2 === 0)).toEqual([
      'metadata.virtual_key',
      'tenant.id',
      'metadata.tenant.id',
    ]);
    const tagged = { requester_metadata: { 'metadata.user_api_key_team_id': 'forged' } };
    expect(readGatewayRecord({ ...gatewayRecords.litellm, metadata: tagged }).claimed).not.toContain(
      'metadata.user_api_key_team_id',
    );
  });

  it('cannot reach a prototype or speak for Waybill', () => {
    const metadata = JSON.parse('{"__proto__": "x", "waybill.tenant": "x", "constructor": "x", "tenant.id": "acme"}');
    const read = readGatewayRecord({ ...gatewayRecords.portkey, metadata });
    expect(read.claimed).not.toContain('__proto__');
    expect(read.claimed).not.toContain('waybill.tenant');
    expect(read.claimed).toContain('tenant.id');
  });

  it('never throw and give only valid counts, amounts, ids and times, whatever stands in their fields', () => {
    const anything = fc.oneof(
      { weight: 2, arbitrary: fc.jsonValue() },
      fc.constantFrom(0, -1, 1e21, 1e-9, '0.1', '1e5', '2026-01-01', '__proto__', 'NaN', '9'.repeat(40), true, null),
    );
    const broken = fc.constantFrom(...forms.map(([, record]) => record)).chain((record) => {
      const flat: Readonly<Record<string, unknown>> = 'data' in record ? record.data : record;
      const wrap = (fields: object) => ('data' in record ? { data: { ...flat, ...fields } } : { ...flat, ...fields });
      return fc.dictionary(fc.constantFrom(...Object.keys(flat)), anything, { maxKeys: 4 }).map(wrap);
    });
    fc.assert(
      fc.property(fc.oneof(broken, fc.jsonValue()), (record) => {
        for (const one of adapters) expectValid(one.read(record));
        expectValid(readRecord(record));
      }),
      { numRuns: 500 },
    );
  });
});

function expectValid(read: GatewayRecord | { readonly reason: string }): void {
  if ('reason' in read) {
    expect(read.reason).not.toBe('');
    return;
  }
  for (const count of Object.values(read.call.usage ?? {})) {
    expect(count === null || (Number.isSafeInteger(count) && count >= 0)).toBe(true);
  }
  expect(read.call.reportedCostUsd ?? '0.000000000000').toMatch(/^\d{1,6}\.\d{12}$/);
  expect(read.recordId).not.toBe('');
  expect(read.traceId ?? '0'.repeat(32)).toMatch(/^[0-9a-f]{32}$/);
  expect(Number.isSafeInteger(read.startUs) && read.startUs > 0 && read.endUs >= read.startUs).toBe(true);
  expect(Number.isSafeInteger(read.endUs)).toBe(true);
  expect(read.vouched.length % 2 === 0 && read.claimed.length % 2 === 0).toBe(true);
}
