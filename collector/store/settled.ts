import * as z from 'zod';
import type { Span } from '../../schemas/span.js';
import type { Store } from './client.js';
import type { StoredSpan } from './spans.js';
import { readSpans, spanSelect } from './spans.js';

/** The part of all traces that one audit loop takes: those whose hash is `index` modulo `of`. */
export interface Share {
  readonly index: number;
  readonly of: number;
}

/** A trace for which nothing has arrived for the quiet period, and which is not audited as it now stands. */
export interface SettledTrace {
  readonly traceId: string;
  /** When spans arrived for it, microseconds since 1970, as far as the window saw. */
  readonly arrivalsUs: readonly number[];
  /** Rows that those arrivals brought; repeats count again. */
  readonly spans: number;
  /** Least and greatest day of its rows, ISO. */
  readonly firstDay: string;
  readonly lastDay: string;
  /** Arrivals up to this time are from before the window, microseconds since 1970. */
  readonly fromUs: number;
  /** Whether an audit of it is known from shortly before. */
  readonly wasAudited: boolean;
}

const settledSchema = z.array(
  z.object({
    trace_id: z.string(),
    arrivals: z.array(z.coerce.number()),
    spans: z.coerce.number(),
    first_day: z.string(),
    last_day: z.string(),
    was_audited: z.coerce.boolean(),
  }),
);

/** Audits from so long before a window are looked at, microseconds: a sender's retry comes within that time. */
const LOOK_BACK_US = 15 * 60 * 1_000_000;

/**
 * Finds the traces that settled in a window of arrivals and have an arrival that no audit has seen.
 *
 * @param fromUs arrivals after this time count, microseconds since 1970
 * @param settledBeforeUs a trace whose newest arrival is later has not settled yet
 */
export async function settledTraces(
  store: Store,
  { fromUs, settledBeforeUs, share }: { fromUs: number; settledBeforeUs: number; share: Share },
): Promise<SettledTrace[]> {
  const rows = await store.rows(
    `
    WITH
        arrived AS
        (
            SELECT
                trace_id,
                groupUniqArray(received_at) AS arrivals,
                sum(arrivals.spans) AS spans,
                min(first_day) AS first_day,
                max(last_day) AS last_day
            FROM arrivals
            WHERE received_at > fromUnixTimestamp64Micro({fromUs: Int64}, 'UTC')
              AND cityHash64(trace_id) % {of: UInt32} = {index: UInt32}
            GROUP BY trace_id
            HAVING max(received_at) <= fromUnixTimestamp64Micro({settledBeforeUs: Int64}, 'UTC')
        ),
        audited AS
        (
            SELECT trace_id, argMax(seen, audited_at) AS seen, 1 AS was_audited
            FROM audits
            WHERE audited_at > fromUnixTimestamp64Micro({auditsFromUs: Int64}, 'UTC')
            GROUP BY trace_id
        )
    SELECT
        arrived.trace_id AS trace_id,
        arrayMap(at -> toUnixTimestamp64Micro(at), arrived.arrivals) AS arrivals,
        arrived.spans AS spans,
        arrived.first_day AS first_day,
        arrived.last_day AS last_day,
        audited.was_audited AS was_audited
    FROM arrived
    LEFT JOIN audited ON audited.trace_id = arrived.trace_id
    WHERE NOT hasAll(audited.seen, arrived.arrivals)
    ORDER BY trace_id`,
    { fromUs, settledBeforeUs, auditsFromUs: Math.max(0, fromUs - LOOK_BACK_US), of: share.of, index: share.index },
  );
  return settledSchema.parse(rows).map((row) => ({
    traceId: row.trace_id,
    arrivalsUs: row.arrivals,
    spans: row.spans,
    firstDay: row.first_day,
    lastDay: row.last_day,
    fromUs,
    wasAudited: row.was_audited,
  }));
}

const timeSchema = z.array(z.object({ at: z.coerce.number() }));

/** The time of the oldest arrival, microseconds since 1970; null where nothing ever arrived. */
export async function oldestArrivalUs(store: Store): Promise<number | null> {
  const rows = await store.rows(
    'SELECT toUnixTimestamp64Micro(min(received_at)) AS at FROM arrivals HAVING count() > 0',
  );
  return timeSchema.parse(rows)[0]?.at ?? null;
}

/**
 * The end of the next step of work: the time of the arrival that is `limit` places after `fromUs`; null where there
 * are fewer. A backlog of any size is so worked in bounded steps.
 */
export async function stepEndUs(store: Store, fromUs: number, limit: number): Promise<number | null> {
  const rows = await store.rows(
    `
    SELECT toUnixTimestamp64Micro(received_at) AS at
    FROM arrivals
    WHERE received_at > fromUnixTimestamp64Micro({fromUs: Int64}, 'UTC')
    ORDER BY received_at
    LIMIT 1 OFFSET {limit: UInt32}`,
    { fromUs, limit },
  );
  return timeSchema.parse(rows)[0]?.at ?? null;
}

/** How far the audit loop of a share has come, microseconds since 1970; null where it never ran. */
export async function readCut(store: Store, share: Share): Promise<number | null> {
  const rows = await store.rows(
    'SELECT toUnixTimestamp64Micro(cut) AS at FROM cuts FINAL WHERE shard = {shard: String}',
    { shard: nameOf(share) },
  );
  return timeSchema.parse(rows)[0]?.at ?? null;
}

/** Keeps how far the audit loop of a share has come. */
export async function writeCut(store: Store, share: Share, cutUs: number, nowUs: number): Promise<void> {
  await store.command(
    `
    INSERT INTO cuts (shard, cut, updated_at)
    SELECT {shard: String}, fromUnixTimestamp64Micro({cutUs: Int64}, 'UTC'), fromUnixTimestamp64Micro({nowUs: Int64}, 'UTC')`,
    { shard: nameOf(share), cutUs, nowUs },
  );
}

function nameOf({ index, of }: Share): string {
  return `${index + 1}/${of}`;
}

/** The stored spans of a trace, and every arrival that is known to have brought them. */
export interface ReadTrace {
  readonly traceId: string;
  readonly spans: readonly Span[];
  readonly seenUs: readonly number[];
  readonly firstDay: string;
  /** Whether an earlier audit may have found calls in it. */
  readonly mayHaveCalls: boolean;
}

/**
 * Reads the spans of settled traces back. Spans that started over a day before or after those that arrived are not
 * looked for: without that bound every read would search a month.
 *
 * @param traces few enough that their spans fit in memory; see `chunksOf`
 */
export async function readTraces(store: Store, traces: readonly SettledTrace[]): Promise<ReadTrace[]> {
  const days = traces.flatMap(({ firstDay, lastDay }) => [firstDay, lastDay]).toSorted();
  const stored = readSpans(
    await store.selectRowBinary(
      `
    SELECT ${spanSelect}
    FROM spans FINAL
    WHERE trace_id IN {traceIds: Array(String)}
      AND day BETWEEN {first: Date} - 1 AND {last: Date} + 1
    ORDER BY trace_id, span_id`,
      { traceIds: traces.map(({ traceId }) => traceId), first: days[0], last: days.at(-1) },
    ),
  );
  const spansOf = new Map<string, StoredSpan[]>(traces.map(({ traceId }) => [traceId, []]));
  for (const one of stored) spansOf.get(one.span.traceId)?.push(one);
  return traces.map(({ traceId, arrivalsUs, firstDay, fromUs, wasAudited }) => {
    const own = spansOf.get(traceId) ?? [];
    return {
      traceId,
      spans: own.map(({ span }) => span),
      seenUs: [...new Set([...arrivalsUs, ...own.map(({ receivedAtUs }) => receivedAtUs)])],
      firstDay,
      mayHaveCalls: wasAudited || own.some(({ receivedAtUs }) => receivedAtUs <= fromUs),
    };
  });
}

/** Divides traces into chunks of about so many spans; a larger trace is a chunk of its own. */
export function chunksOf(traces: readonly SettledTrace[], spans: number): SettledTrace[][] {
  const chunks: SettledTrace[][] = [];
  let room = 0;
  for (const trace of traces) {
    if (trace.spans > room) {
      chunks.push([]);
      room = spans;
    }
    chunks.at(-1)?.push(trace);
    room -= trace.spans;
  }
  return chunks;
}
