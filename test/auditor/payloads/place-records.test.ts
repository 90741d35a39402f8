import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auditTrace } from '../../../auditor/audit.js';
import type { CompiledContract } from '../../../auditor/contract.js';
import { placesOf } from '../../../auditor/payloads/place-records.js';
import { recordIds, recordSpan } from '../../../auditor/payloads/record-span.js';
import type { Call } from '../../../schemas/audit.js';
import type { GatewayRecord } from '../../../schemas/payload.js';
import type { Span } from '../../../schemas/span.js';
import { contract } from '../../support/contract.js';
import { gatewayRecord } from '../../support/record.js';
import { clean, START_US, trace } from '../../support/trace.js';

const aliases = contract({
  attributes: {
    tenant: { aliases: ['metadata.user_api_key_team_id', 'end_user'] },
    feature: { aliases: ['metadata.feature'] },
    policy: { aliases: ['metadata.policy'] },
  },
  services: { web: { role: 'entry' }, litellm: { role: 'gateway', enforces: true, binds: ['tenant'] } },
});

const carried = ['metadata.feature', 'chat', 'metadata.policy', 'pro-monthly'];

/** Audits spans and records together, as the whole program does. */
function audited(
  spans: readonly Span[],
  records: readonly GatewayRecord[],
  judged: CompiledContract = aliases,
): readonly Call[] {
  const places = placesOf(records, spans, judged);
  const all = [
    ...spans,
    ...records.flatMap((record, i) => {
      const place = places[i];
      return place === undefined ? [] : [recordSpan(record, place, judged)];
    }),
  ];
  const ids = [...new Set(all.map(({ traceId }) => traceId))];
  return ids.flatMap(
    (id) =>
      auditTrace(
        all.filter(({ traceId }) => traceId === id),
        judged,
      ).calls,
  );
}

const app = (number = 1, facts = {}) => trace(number).station('web', clean).call('gpt-4o', undefined, { facts });
const only = (calls: readonly Call[]): Call | undefined => (calls.length === 1 ? calls[0] : undefined);

describe("a gateway's record", () => {
  const place = app();
  const [server] = place.spans;
  const traceId = server?.traceId ?? '';

  it('is one more station of the call with its trace and span id, which then costs once', () => {
    const call = only(
      audited(place.spans, [
        gatewayRecord({
          traceId,
          spanId: place.spanId,
          vouched: ['metadata.user_api_key_team_id', 'acme', ...carried],
        }),
      ]),
    );
    expect(call).toMatchObject({
      route: ['web', 'litellm'],
      join: 'span',
      verdict: 'enforceable',
      costUsd: '0.003500000000',
      echoSpanIds: [place.spanId],
      enforcementPoint: 'litellm',
      dialect: 'litellm-log',
      reportedCostUsd: '0.003500000000',
    });
    expect(call?.attributes['tenant']).toMatchObject({ outcome: 'intact', value: 'acme', provenance: 'bound' });
  });

  it('shows where attribution died though the spans look fine', () => {
    const call = only(audited(place.spans, [gatewayRecord({ traceId, spanId: place.spanId, vouched: [] })]));
    expect(call?.findings.filter(({ rule }) => rule === 'dropped')).toMatchObject([
      { attribute: 'tenant', hop: { from: 'web', to: 'litellm' } },
      { attribute: 'feature' },
      { attribute: 'policy' },
    ]);
  });

  it('tells the wrong tenant from the right one: the credential is for another', () => {
    const vouched = ['metadata.user_api_key_team_id', 'globex', ...carried];
    const call = only(audited(place.spans, [gatewayRecord({ traceId, spanId: place.spanId, vouched })]));
    expect(call).toMatchObject({ misattributed: true, verdict: 'attributed' });
    expect(call?.attributes['tenant']).toMatchObject({ outcome: 'rewritten', value: 'globex' });
  });

  it('shows a claim against the credential at one station as two values', () => {
    const vouched = ['metadata.user_api_key_team_id', 'acme', ...carried];
    const call = only(
      audited(place.spans, [
        gatewayRecord({ traceId, spanId: place.spanId, vouched, claimed: ['end_user', 'globex'] }),
      ]),
    );
    expect(call?.attributes['tenant']).toMatchObject({ outcome: 'conflicting', value: 'acme' });
    expect(call?.misattributed).toBe(true);
  });

  it('binds nothing that only the caller said, though the contract trusts the gateway', () => {
    const claimed = ['end_user', 'acme', ...carried];
    const call = only(audited(place.spans, [gatewayRecord({ traceId, spanId: place.spanId, vouched: [], claimed })]));
    expect(call?.attributes['tenant']).toMatchObject({ outcome: 'intact', provenance: 'asserted' });
    expect(call?.findings.map(({ rule }) => rule)).toEqual(['caller-asserted', 'double-counted']);
  });

  it('joins by the response, also in another trace than it names', () => {
    const { spans } = app(1, { responseId: 'chatcmpl-1' });
    const record = gatewayRecord({ traceId: 'f'.repeat(32), facts: { responseId: 'chatcmpl-1' } });
    expect(only(audited(spans, [record]))).toMatchObject({ join: 'response-id', route: ['web', 'litellm'] });
  });

  it('joins by the request that a span names, below the one call that is made there', () => {
    const station = trace().station('web', clean, {
      attributes: ['tenant.id', 'acme', 'feature.id', 'chat', 'budget.policy.id', 'pro-monthly', 'x-request-id', 'q1'],
    });
    const { spans } = station.call('gpt-4o', undefined, clean);
    expect(only(audited(spans, [gatewayRecord({ requestIds: ['q0', 'q1'] })]))).toMatchObject({ join: 'request-id' });
  });

  it('joins the only call of its trace that is alike, where it names no span', () => {
    const web = trace().station('web', clean);
    web.call('gpt-4o');
    const { spans } = web.call('gpt-4o', { inputTokens: 7, outputTokens: 7 });
    const calls = audited(spans, [gatewayRecord({ traceId })]);
    expect(calls.map(({ join, route }) => [join, ...route])).toEqual(
      expect.arrayContaining([
        ['trace', 'web', 'litellm'],
        [null, 'web'],
      ]),
    );
    expect(calls).toHaveLength(2);
  });

  it('joins by time, model and tokens where nothing else is left, and is never enforceable then', () => {
    const vouched = ['metadata.user_api_key_team_id', 'acme', ...carried];
    const call = only(audited(place.spans, [gatewayRecord({ vouched })]));
    expect(call).toMatchObject({ join: 'time-model-tokens', verdict: 'attributed' });
    expect(call?.findings.map(({ rule }) => rule)).toContain('guessed-join');
  });

  it.each([
    ['the model is another', { facts: { requestModel: 'gpt-4o-mini', responseModel: 'gpt-4o-mini' } }],
    ['it ended over two seconds later', { endUs: START_US + 4_000_000 }],
    ['it ended a microsecond too late', { endUs: START_US + 999_998 + 2_000_001 }],
    ['its tokens are others', { facts: { usage: null } }],
  ])('keeps to itself where %s', (_, change) => {
    const calls = audited(place.spans, [gatewayRecord(change)]);
    expect(calls.map(({ join, route }) => [join, ...route])).toEqual([
      [null, 'web'],
      ['none', 'litellm'],
    ]);
  });

  it.each([
    ['it ended two seconds later', { endUs: START_US + 999_998 + 2_000_000 }, []],
    ['a record of another gateway fits it too', {}, [gatewayRecord({ gateway: 'portkey' as const })]],
    [
      'a record of its gateway has the same tokens at another time',
      {},
      [gatewayRecord({ recordId: 'r2', endUs: START_US + 9e6 })],
    ],
  ])('joins by time, model and tokens where %s', (_, change, others) => {
    const joins = audited(place.spans, [gatewayRecord(change), ...others]).map(({ join }) => join);
    expect(joins).toContain('time-model-tokens');
  });

  it('is never taken for a call, nor is a call above another', () => {
    const client = trace().station('agent', clean).call('gpt-4o');
    const { spans } = client.station('web', clean).call('gpt-4o');
    expect(audited(spans, [gatewayRecord()]).map(({ join }) => join)).toEqual(['time-model-tokens']);
    const earlier = recordSpan(gatewayRecord({ recordId: 'r0' }), { traceId, parentSpanId: null, by: 'own' }, aliases);
    expect(placesOf([gatewayRecord()], [...place.spans, earlier], aliases)).toMatchObject([
      { by: 'time-model-tokens', parentSpanId: place.spanId },
    ]);
  });

  it('keeps to itself where two calls fit it, or two records fit the call', () => {
    expect(audited([...app(1).spans, ...app(2).spans], [gatewayRecord()]).map(({ join }) => join)).toEqual([
      null,
      null,
      'none',
    ]);
    const records = [gatewayRecord(), gatewayRecord({ recordId: 'r2' })];
    expect(audited(place.spans, records).map(({ join }) => join)).toEqual([null, 'none', 'none']);
  });

  it('is audited alone where it joins nothing: its trace has one station', () => {
    const call = only(audited([], [gatewayRecord()]));
    expect(call).toMatchObject({
      traceId: recordIds(gatewayRecord()).traceId,
      join: 'none',
      costUsd: '0.003500000000',
    });
    expect(call?.findings.map(({ rule }) => rule)).toContain('severed');
  });

  it('says that its parent never came, where it names a span of a trace that nobody has sent', () => {
    const call = only(audited([], [gatewayRecord({ traceId: 'e'.repeat(32), spanId: 'e'.repeat(16) })]));
    expect(call?.findings.find(({ rule }) => rule === 'severed')?.message).toContain('never came');
  });
});

describe('several records about one call', () => {
  const place = app();
  const traceId = place.spans[0]?.traceId ?? '';
  const at = { traceId, spanId: place.spanId };

  it('of one gateway, say it once: the one that says more stays', () => {
    const calls = audited(place.spans, [
      gatewayRecord({ ...at, recordId: 'spend-log', facts: { usage: null, reportedCostUsd: null } }),
      gatewayRecord({ ...at, recordId: 'payload' }),
    ]);
    expect(only(calls)).toMatchObject({ spanId: recordIds({ gateway: 'litellm', recordId: 'payload' }).spanId });
  });

  it('of one gateway, are calls of their own where all but one failed', () => {
    const calls = audited(place.spans, [
      gatewayRecord({ ...at, recordId: 'first', failed: true, facts: { usage: null, reportedCostUsd: null } }),
      gatewayRecord({ ...at, recordId: 'second', startUs: START_US + 500_000 }),
    ]);
    expect(calls.map(({ failed, costUsd }) => [failed, costUsd])).toEqual([
      [true, null],
      [false, '0.003500000000'],
    ]);
  });

  it('of several gateways, are stations in the order in which they began', () => {
    const calls = audited(place.spans, [
      gatewayRecord({ ...at, gateway: 'portkey', startUs: START_US + 20_000 }),
      gatewayRecord({ ...at, startUs: START_US + 10_000 }),
    ]);
    expect(only(calls)).toMatchObject({ route: ['web', 'litellm', 'portkey'], join: 'span' });
  });

  it('belong to the service that the contract says', () => {
    const named = contract({ services: { proxy: { records: 'litellm' } } });
    expect(only(audited(place.spans, [gatewayRecord(at)], named))).toMatchObject({ route: ['web', 'proxy'] });
  });

  it('are one station with the spans of the gateway itself', () => {
    const gateway = trace().station('web', clean).station('litellm', clean).call('gpt-4o');
    const calls = audited(gateway.spans, [gatewayRecord({ traceId, spanId: gateway.spanId })]);
    expect(only(calls)).toMatchObject({ route: ['web', 'litellm'] });
  });

  it('of a gateway that sends spans too are claims beside what it vouches for itself', () => {
    const claimed = ['end_user', 'acme', ...carried];
    const tenantOf = (own: object, change: Partial<GatewayRecord>) => {
      const gateway = trace().station('web', clean).station('litellm', own).call('gpt-4o', undefined, own);
      const record = gatewayRecord({ traceId, spanId: gateway.spanId, vouched: [], claimed, ...change });
      return only(audited(gateway.spans, [record]))?.attributes['tenant'];
    };
    expect(tenantOf(clean, {})).toMatchObject({ outcome: 'intact', provenance: 'bound' });
    expect(tenantOf({ ...clean, tenant: undefined }, {})).toMatchObject({ outcome: 'intact', provenance: 'asserted' });
    expect(tenantOf(clean, { claimed: ['end_user', 'globex'] })).toMatchObject({ outcome: 'conflicting' });
  });

  it('below a span with several calls alike stay where they say', () => {
    const web = trace().station('web', clean);
    web.call('gpt-4o');
    const { spans } = web.call('gpt-4o');
    const calls = audited(spans, [gatewayRecord({ traceId, spanId: web.spanId })]);
    expect(calls.map(({ join, route }) => [join, ...route])).toEqual([
      [null, 'web'],
      [null, 'web'],
      ['span', 'web', 'litellm'],
    ]);
  });
});

describe('any spans and records', () => {
  const arbitraryRecords = fc.array(
    fc.record({
      gateway: fc.constantFrom('litellm' as const, 'portkey' as const),
      recordId: fc.constantFrom('a', 'b', 'c', 'd'),
      traceId: fc.constantFrom(null, app(1).spans[0]?.traceId ?? null, 'd'.repeat(32)),
      spanId: fc.constantFrom(null, '0'.repeat(15) + '1', '0'.repeat(15) + '2', '0'.repeat(15) + '3'),
      requestIds: fc.constantFrom([], ['q1']),
      failed: fc.boolean(),
      startUs: fc.integer({ min: START_US, max: START_US + 5 }),
      facts: fc.record({ responseId: fc.constantFrom('', 'x', 'y') }),
    }),
    { maxLength: 6 },
  );
  const unlike = (calls: readonly Call[]) => calls.map((call) => JSON.stringify(call)).toSorted();

  it('give the same audit in any order, and count every record at most once', () => {
    fc.assert(
      fc.property(arbitraryRecords, fc.integer(), (changes, seed) => {
        const records = [
          ...new Map(changes.map((one) => [`${one.gateway}${one.recordId}`, gatewayRecord(one)])).values(),
        ];
        const { spans } = app(1, { responseId: 'x' });
        const calls = audited(spans, records);
        const mixed = records.toSorted(
          (a, b) => ((seed ^ a.recordId.charCodeAt(0)) % 7) - ((seed ^ b.recordId.charCodeAt(0)) % 7),
        );
        expect(unlike(audited(spans.toReversed(), mixed))).toEqual(unlike(calls));
        expect(new Set(calls.map(({ spanId }) => spanId)).size).toBe(calls.length);
        expect(calls.length).toBeLessThanOrEqual(records.length + 1);
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});
