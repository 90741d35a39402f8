import type { Span } from '../../schemas/span.js';
import type { Store } from './client.js';
import type { SettledTrace } from './settled.js';
import type { StoredSpan } from './spans.js';
import { dayOf, eachSpan, MAX_SPANS_PER_TRACE, spanSelect } from './spans.js';

/** The stored spans of a trace, and every arrival that is known to have brought them. */
export interface ReadTrace {
  readonly traceId: string;
  readonly spans: readonly Span[];
  /** Whether there are more spans, which were not read. */
  readonly isCut: boolean;
  readonly seenUs: readonly number[];
  readonly firstDay: string;
  /** Null where there are no spans, and so nothing that is audited. */
  readonly earlier: EarlierAudit | null;
}

/** What to look for of an audit that may have been written before. */
export interface EarlierAudit {
  /** When it was audited, microseconds since 1970; 0 where that is not known. */
  readonly auditedAtUs: number;
  /** Days in which its calls may be filed, since 1970. */
  readonly firstDay: number;
  readonly lastDay: number;
  /** Ids of the spans that are audited now; a call on any other span is none of the new audit's business. */
  readonly spanIds: ReadonlySet<string>;
}

/**
 * Reads the spans of settled traces back. They are looked for from a day before the earliest span that arrived to a
 * day after the last arrival: without that bound every read would search a month.
 *
 * `PREWHERE`, since `FINAL` otherwise reads all columns of every granule before it drops the other traces: ten times as
 * slow. All versions of a row have the same trace id, so that what `FINAL` gives is the same.
 *
 * @param traces few enough that their spans fit in memory; see `chunksOf`
 * @param maxSpansPerTrace spans of one trace that are read at most
 * @returns every one of those traces. Its spans are made of the rows when it is its turn, so that those of all traces
 *   together are never in memory as objects; who goes through them again has them made again
 */
export async function readTraces(
  store: Store,
  traces: readonly SettledTrace[],
  maxSpansPerTrace: number = MAX_SPANS_PER_TRACE,
): Promise<Iterable<ReadTrace>> {
  const days = traces.map(daysOf);
  const first = Math.min(...days.map((day) => day.first));
  const last = Math.max(...days.map((day) => day.last));
  const rows = await store.selectRowBinary(
    `
    SELECT ${spanSelect}
    FROM spans FINAL
    PREWHERE trace_id IN {traceIds: Array(String)}
    WHERE day BETWEEN toDate({first: UInt16}) AND toDate({last: UInt16})
    ORDER BY trace_id, span_id
    LIMIT {limit: UInt32} BY trace_id`,
    { traceIds: traces.map(({ traceId }) => traceId), first, last, limit: maxSpansPerTrace + 1 },
  );
  return { [Symbol.iterator]: () => tracesIn(rows, traces, maxSpansPerTrace) };
}

/** Divides rows, which stand in order of trace id, into traces; those of which there are none come last. */
function* tracesIn(rows: Uint8Array, settled: readonly SettledTrace[], maxSpans: number): Generator<ReadTrace> {
  const left = new Map(settled.map((trace) => [trace.traceId, trace]));
  let own: StoredSpan[] = [];
  for (const one of eachSpan(rows)) {
    if (own[0] !== undefined && own[0].span.traceId !== one.span.traceId) {
      yield* taken(own);
      own = [];
    }
    own.push(one);
  }
  yield* taken(own);
  for (const trace of left.values()) yield readTraceOf(trace, [], false);

  function* taken(spans: readonly StoredSpan[]): Generator<ReadTrace> {
    const trace = left.get(spans[0]?.span.traceId ?? '');
    if (trace === undefined) return;
    left.delete(trace.traceId);
    yield readTraceOf(trace, spans.slice(0, maxSpans), spans.length > maxSpans);
  }
}

/** The spans of all of them, made again each time they are gone through. */
export function spansOf(traces: Iterable<ReadTrace>): Iterable<Span> {
  return {
    *[Symbol.iterator]() {
      for (const { spans } of traces) yield* spans;
    },
  };
}

function readTraceOf(settled: SettledTrace, own: readonly StoredSpan[], isCut: boolean): ReadTrace {
  const { traceId, arrivalsUs, firstDay, auditedAtUs } = settled;
  return {
    traceId,
    spans: own.map(({ span }) => span),
    isCut,
    seenUs: [...new Set([...arrivalsUs, ...own.map(({ receivedAtUs }) => receivedAtUs)])],
    firstDay,
    earlier: own.length > 0 ? earlierAudit(auditedAtUs, own) : null,
  };
}

/** The first and the last day, since 1970, in which calls of any of these audits may be filed. */
export function daysSpanned(audits: Iterable<EarlierAudit>): { readonly first: number; readonly last: number } {
  let [first, last] = [Infinity, -Infinity];
  for (const { firstDay, lastDay } of audits) [first, last] = [Math.min(first, firstDay), Math.max(last, lastDay)];
  return { first, last };
}

/**
 * Always looked for: where a whole trace is sent again, its spans do not tell that they were here before. A call is
 * filed under the day of its span, or under that of an arrival where its span claims another age.
 */
function earlierAudit(auditedAtUs: number, own: readonly StoredSpan[]): EarlierAudit {
  let firstDay = Infinity;
  let lastDay = -Infinity;
  for (const { span, receivedAtUs } of own) {
    const received = Math.floor(receivedAtUs / DAY_US);
    const filed = dayOf(span.startUs, receivedAtUs);
    firstDay = Math.min(firstDay, received, filed);
    lastDay = Math.max(lastDay, received, filed);
  }
  return { auditedAtUs, firstDay, lastDay, spanIds: new Set(own.map(({ span }) => span.spanId)) };
}

const DAY_US = 86_400_000_000;

function daysOf({ firstDay, lastDay, arrivalsUs }: SettledTrace): { first: number; last: number } {
  const last = arrivalsUs.reduce((latest, us) => Math.max(latest, Math.floor(us / DAY_US)), dayNumber(lastDay));
  return { first: dayNumber(firstDay) - 1, last: last + 1 };
}

/** Days since 1970 of an ISO day. */
export function dayNumber(iso: string): number {
  return Math.floor(Date.parse(iso) / 86_400_000);
}

/** How many ids go along with one query. */
const MAX_TRACES_PER_CHUNK = 1_000;

/** Divides traces into chunks of about so many spans; a larger trace is a chunk of its own. */
export function chunksOf(traces: readonly SettledTrace[], spans: number): SettledTrace[][] {
  const chunks: SettledTrace[][] = [];
  let current: SettledTrace[] = [];
  let room = 0;
  for (const trace of traces) {
    if (chunks.length === 0 || trace.spans > room || current.length === MAX_TRACES_PER_CHUNK) {
      current = [];
      chunks.push(current);
      room = spans;
    }
    current.push(trace);
    room -= trace.spans;
  }
  return chunks;
}
