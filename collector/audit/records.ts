import type { CompiledContract } from '../../auditor/contract.js';
import { NEAR_US, recordKeys, spanKeys, tokenKeys } from '../../auditor/payloads/join-keys.js';
import { placesOf } from '../../auditor/payloads/place-records.js';
import type { RecordPlace } from '../../auditor/payloads/record-span.js';
import { recordIds, recordSpan } from '../../auditor/payloads/record-span.js';
import { isMoved } from '../../auditor/trace/record-nodes.js';
import type { GatewayRecord } from '../../schemas/payload.js';
import type { Span } from '../../schemas/span.js';
import type { Store } from '../store/client.js';
import type { RecordNote } from '../store/payloads.js';
import {
  arriveAgain,
  arrivedRecords,
  notesOf,
  recordsOf,
  recordsWithKeys,
  tracesWithKeys,
  tracesWithTokens,
  writeRecordSpans,
} from '../store/payloads.js';
import type { ReadTrace } from '../store/read-traces.js';
import { readTraces, spansOf as spansIn } from '../store/read-traces.js';

const DAY_US = 86_400_000_000;
/** The last day that a `Date` can be. */
const MAX_DAY = 65_535;

/**
 * Puts records that have arrived and settled in their place: each is written as a span into the trace that it belongs
 * to, which thereby settles again and is audited with it. In its own trace stays a note of where it went.
 *
 * @param traces settled traces, some of which may be those of records
 * @param auditedUntilUs spans that arrived later may not be audited yet
 */
export async function placeArrivedRecords(
  store: Store,
  contract: CompiledContract,
  traces: readonly ReadTrace[],
  nowUs: number,
  auditedUntilUs: number,
): Promise<void> {
  const records = await arrivedRecords(
    store,
    traces.map(({ traceId }) => traceId),
  );
  if (records.length === 0) return;
  const places = await placesFor(store, contract, records, auditedUntilUs);
  const before = await notesOf(
    store,
    records.map((record) => recordIds(record).traceId),
  );
  const spans = records.flatMap((record, i) => {
    const place = places[i];
    return place === undefined ? [] : spansOf(record, place, before, contract);
  });
  await writeRecordSpans(store, spans, nowUs);
}

/** Looks for the places of records by their ids first; without any, among calls of the same model and tokens. */
async function placesFor(
  store: Store,
  contract: CompiledContract,
  records: readonly GatewayRecord[],
  auditedUntilUs: number,
): Promise<RecordPlace[]> {
  const { first, last } = daysOf(records);
  const where = { sinceUs: auditedUntilUs, firstDay: first - 1, lastDay: last + 1 };
  const byId = await spansFor(store, records, await tracesWithKeys(store, idKeysOf(records), where));
  const places = placesOf(records, byId, contract);
  const known = new Set(byId.map(({ traceId }) => traceId));
  const unplaced = records.filter((_, i) => places[i]?.by === 'own' && !known.has(places[i].traceId));
  if (unplaced.length === 0) return places;
  const alike = await tracesWithTokens(store, tokensOf(unplaced), endsOf(unplaced));
  if (alike.length === 0) return places;
  const spans = [...byId, ...(await spansFor(store, records, alike))];
  const arrived = new Set(records.map((record) => recordIds(record).spanId));
  const others = (await recordsOf(store, await rivalsOf(store, unplaced))).filter(
    (record) => !arrived.has(recordIds(record).spanId),
  );
  return placesOf([...records, ...others], spans, contract).slice(0, records.length);
}

/**
 * Calls back records that may belong to traces which have come after them: they are put in their place again.
 *
 * @param traces settled traces with their spans
 */
export async function recallRecords(store: Store, traces: readonly ReadTrace[], nowUs: number): Promise<void> {
  const spans = traces.flatMap((trace) => trace.spans);
  const here = new Set(spans.filter((span) => !isMoved(span)).map(({ spanId }) => spanId));
  const own = new Set(traces.map(({ traceId }) => traceId));
  const found = await recordsWithKeys(store, [...new Set(spans.flatMap(spanKeys))]);
  const elsewhere = found
    .filter(({ ownTraceId, ownSpanId }) => !here.has(ownSpanId) && !own.has(ownTraceId))
    .map(({ ownTraceId }) => ownTraceId);
  const notes = await notesOf(store, elsewhere);
  // One that was not put anywhere yet will see these spans by itself, and one that was put here is on its way.
  const isElsewhere = (id: string): boolean => notes.has(id) && !own.has(notes.get(id)?.traceId ?? '');
  await arriveAgain(store, elsewhere.filter(isElsewhere), nowUs);
}

/** The record where it belongs, and a note in each trace where it is looked for and is not. */
function spansOf(
  record: GatewayRecord,
  place: RecordPlace,
  before: ReadonlyMap<string, RecordNote>,
  contract: CompiledContract,
): Span[] {
  const own = recordIds(record);
  const note = (traceId: string): Span => ({
    ...recordSpan(record, { traceId, parentSpanId: null, by: 'moved' }, contract),
    links: [{ traceId: place.traceId, spanId: own.spanId, attributes: [] }],
  });
  const left = before.get(own.traceId)?.traceId;
  return [
    recordSpan(record, place, contract),
    ...(place.traceId === own.traceId ? [] : [note(own.traceId)]),
    ...(left === undefined || left === place.traceId || left === own.traceId ? [] : [note(left)]),
  ];
}

function idKeysOf(records: readonly GatewayRecord[]): string[] {
  return [...new Set(records.flatMap(recordKeys).filter((key) => /^(response|request) /.test(key)))];
}

function tokensOf(records: readonly GatewayRecord[]): string[] {
  return [...new Set(records.flatMap(({ call }) => tokenKeys(call)))];
}

function endsOf(records: readonly GatewayRecord[]): { fromUs: number; toUs: number } {
  const ends = records.map(({ endUs }) => endUs);
  return { fromUs: Math.max(0, Math.min(...ends) - NEAR_US), toUs: Math.max(...ends) + NEAR_US };
}

/** Records that might be meant as well, of the same model and tokens at about the same time. */
async function rivalsOf(store: Store, records: readonly GatewayRecord[]): Promise<string[]> {
  const keys = records.flatMap((record) =>
    [-2, 0, 2].flatMap((steps) => recordKeys({ ...record, endUs: record.endUs + steps * NEAR_US })),
  );
  const found = await recordsWithKeys(
    store,
    [...new Set(keys)].filter((key) => key.startsWith('tokens ')),
  );
  return found.map(({ ownTraceId }) => ownTraceId);
}

/** The spans of the traces that records name, and of others, from a day before the records to a day after. */
async function spansFor(store: Store, records: readonly GatewayRecord[], traceIds: readonly string[]): Promise<Span[]> {
  const all = [...new Set([...traceIds, ...records.flatMap(({ traceId }) => traceId ?? [])])];
  if (all.length === 0) return [];
  const { first, last } = daysOf(records);
  const days = { firstDay: isoDay(first), lastDay: isoDay(last) };
  const traces = await readTraces(
    store,
    all.map((traceId) => ({ traceId, arrivalsUs: [], spans: 0, auditedAtUs: 0, ...days })),
  );
  return [...spansIn(traces)];
}

/** Days on which records start, since 1970, as far as a `Date` goes with a day to either side. */
function daysOf(records: readonly GatewayRecord[]): { first: number; last: number } {
  const days = records.map(({ startUs }) => Math.min(Math.max(1, Math.floor(startUs / DAY_US)), MAX_DAY - 1));
  return { first: Math.min(...days), last: Math.max(...days) };
}

function isoDay(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}
