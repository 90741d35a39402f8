import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { recordIds } from '../../../auditor/payloads/record-span.js';
import type { AuditLoop } from '../../../collector/audit/loop.js';
import { startAuditLoop } from '../../../collector/audit/loop.js';
import { writePayloads } from '../../../collector/store/payloads.js';
import type { TestSpanWriter } from '../../support/span-rows.js';
import { startTestWriter } from '../../support/span-rows.js';
import type { GatewayRecord } from '../../../schemas/payload.js';
import type { Span } from '../../../schemas/span.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { gatewayRecord } from '../../support/record.js';
import { clean, trace } from '../../support/trace.js';

const QUIET_MS = 5_000;

let test: TestStore;
let writer: TestSpanWriter;
let loop: AuditLoop;
let nowUs = Math.floor(Date.now() / 1_000) * 1_000_000;

const startUs = nowUs - 60_000_000;
const span = { startUs, endUs: startUs + 900_000 };
/** Says the attributes under their own keys, so that only the joins matter here. */
const record = (change: Parameters<typeof gatewayRecord>[0] = {}): GatewayRecord =>
  gatewayRecord({
    ...span,
    vouched: ['tenant.id', 'acme', 'feature.id', 'chat', 'budget.policy.id', 'pro-monthly'],
    ...change,
  });
const app = (number = 1, responseId = 'x'): readonly Span[] =>
  trace(number).station('web', clean, span).call('gpt-4o', undefined, { span, facts: { responseId } }).spans;

async function settle(rounds = 1): Promise<void> {
  for (let i = 0; i < rounds; i += 1) {
    nowUs += QUIET_MS * 1_000 + 1_000_000;
    await loop.sweep();
  }
}

/** Sends records as the API does. */
async function log(...records: GatewayRecord[]): Promise<void> {
  nowUs += 1_000;
  await writePayloads(test.store, records, nowUs);
}

/** The calls as they stand: trace number or `own`, route, join, cost. */
async function calls(): Promise<string[]> {
  const rows = await test.store.rows(
    `SELECT concat(if(toUInt64OrZero(right(trace_id, 4)) > 0 AND startsWith(trace_id, '0000000000000000'), right(trace_id, 1), 'own'),
       ' ', arrayStringConcat(route, '>'), ' ', if(joined_by = '', '-', joined_by), ' ', ifNull(toString(cost_usd), '?')) AS line
     FROM calls FINAL ORDER BY line`,
  );
  return rows.map((row) => String(Object.values(Object(row))[0]));
}

async function arrivals(): Promise<number> {
  const rows = await test.store.rows('SELECT toUInt32(count()) AS n FROM arrivals');
  return Number(Object.values(Object(rows[0]))[0]);
}

beforeAll(async () => {
  test = await startTestStore();
});

afterAll(async () => {
  await test[Symbol.asyncDispose]();
});

beforeEach(async () => {
  for (const table of ['spans', 'arrivals', 'calls', 'audits', 'cuts', 'payloads', 'payload_keys', 'span_keys'])
    await test.store.command(`TRUNCATE TABLE ${table}`);
  writer = startTestWriter({ store: test.store, clockUs: () => nowUs, minGapMs: 1 });
  loop = startAuditLoop({
    store: test.store,
    contract: contract(),
    clockUs: () => nowUs,
    log: pino({ level: 'silent' }),
    quietMs: QUIET_MS,
    intervalMs: 0,
  });
  return async () => {
    await loop.stop();
    await writer.stop();
  };
});

const joined = '1 web>litellm response-id 0.0035';

describe('a record that is sent to a running Waybill', () => {
  it('becomes a station of the call with its response, which then costs once', async () => {
    await writer.write(app());
    await log(record({ facts: { responseId: 'x' } }));
    await settle(2);
    expect(await calls()).toEqual([joined]);
    const before = await arrivals();
    await settle(12);
    expect(await calls()).toEqual([joined]);
    // All is in its place: nothing is written again and again.
    expect(await arrivals()).toBe(before);
  });

  it('stands alone until its spans come, and then no more', async () => {
    await log(record({ facts: { responseId: 'x' } }));
    await settle(2);
    expect(await calls()).toEqual(['own litellm none 0.0035']);
    await writer.write(app());
    await settle(3);
    expect(await calls()).toEqual([joined]);
  });

  it('joins spans that were there and audited long before', async () => {
    await writer.write(app());
    await settle(2);
    expect(await calls()).toEqual(['1 web - 0.0035']);
    await log(record({ facts: { responseId: 'x' } }));
    await settle(2);
    expect(await calls()).toEqual([joined]);
  });

  it.each([
    ['response', app(), record({ facts: { responseId: 'x' } }), 'response-id'],
    [
      'request',
      app().map((one) => ({ ...one, attributes: [...one.attributes, 'x-request-id', 'r1'] })),
      record({ requestIds: ['r1'] }),
      'request-id',
    ],
  ] as const)(
    'joins spans with its %s that are not audited yet, and never counts beside them',
    async (_, spans, own, by) => {
      await log(own);
      nowUs += QUIET_MS * 600;
      await writer.write(spans);
      nowUs += QUIET_MS * 600;
      await loop.sweep();
      expect(await calls()).toEqual([]);
      await settle(1);
      expect(await calls()).toEqual([`1 web>litellm ${by} 0.0035`]);
    },
  );

  it('changes nothing when it comes again, and what changed when it says more', async () => {
    await writer.write(app());
    const first = record({ facts: { responseId: 'x', usage: null } });
    await log(first);
    await settle(2);
    await log(first, first);
    await settle(2);
    expect(await calls()).toEqual([joined]);
    await log(record({ failed: true, facts: { responseId: 'x', usage: null } }));
    await settle(2);
    // A failed attempt without usage: the call above it is not its answer, and nobody knows the cost.
    expect(await calls()).toHaveLength(1);
    const rows = await test.store.rows('SELECT failed FROM calls FINAL');
    expect(rows).toEqual([{ failed: true }]);
  });

  it('goes by the trace that it names, whether its spans come before or after', async () => {
    const [server, call] = app(2);
    const ids = { traceId: server?.traceId ?? '', spanId: call?.spanId ?? '' };
    await log(record(ids));
    await settle(2);
    expect(await calls()).toEqual(['2 litellm none 0.0035']);
    await writer.write(app(2));
    await settle(2);
    expect(await calls()).toEqual(['2 web>litellm span 0.0035']);
  });

  it('moves from a trace where it stood to the one that it names', async () => {
    await writer.write(app(1));
    await log(record({ traceId: app(2)[0]?.traceId ?? '', facts: { responseId: 'x' } }));
    await settle(2);
    expect(await calls()).toEqual([joined]);
    await writer.write(app(2));
    await settle(3);
    expect(await calls()).toEqual(['1 web - 0.0035', '2 web>litellm response-id 0.0035']);
  });

  it('is found by time, model and tokens alone, unless another one fits as well', async () => {
    await writer.write(app(1, ''));
    await log(record());
    await settle(2);
    expect(await calls()).toEqual(['1 web>litellm time-model-tokens 0.0035']);
    await writer.write(app(3, ''));
    await log(record({ recordId: 'r2' }));
    await settle(2);
    expect(await calls()).toEqual([
      '1 web>litellm time-model-tokens 0.0035',
      '3 web - 0.0035',
      'own litellm none 0.0035',
    ]);
  });

  it('is one of a thousand that come at once', async () => {
    const numbers = Array.from({ length: 1_000 }, (_, i) => i + 1);
    for (const number of numbers) void writer.write(app(number, `x${number}`));
    await log(...numbers.map((n) => record({ recordId: `r${n}`, facts: { responseId: `x${n}` } })));
    await settle(3);
    const rows = await test.store.rows(
      "SELECT toUInt32(count()) AS calls, toUInt32(countIf(joined_by = 'response-id')) AS joined, toString(sum(cost_usd)) AS cost FROM calls FINAL",
    );
    expect(rows).toEqual([{ calls: 1_000, joined: 1_000, cost: '3.5' }]);
  });

  it('keeps the same ids wherever it stands', async () => {
    await log(record());
    const rows = await test.store.rows('SELECT own_trace_id, own_span_id, model, charged_usd FROM payloads FINAL');
    const { traceId, spanId } = recordIds(record());
    expect(rows).toEqual([{ own_trace_id: traceId, own_span_id: spanId, model: 'gpt-4o', charged_usd: '0.0035' }]);
  });
});
