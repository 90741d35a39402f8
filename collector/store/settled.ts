import * as z from 'zod';
import type { Store } from './client.js';
import type { Share } from './cuts.js';

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
  /** When it was last audited, microseconds since 1970; 0 where no audit is known from shortly before the window. */
  readonly auditedAtUs: number;
}

/** Arrivals after `fromUs` up to `toUs`, microseconds since 1970. */
export interface ArrivalWindow {
  readonly fromUs: number;
  readonly toUs: number;
  /** A trace whose newest arrival is later has not settled yet; microseconds since 1970. */
  readonly settledBeforeUs: number;
  /** One with an arrival that is as old as this is taken all the same; left out: none is. Microseconds since 1970. */
  readonly overdueBeforeUs?: number;
  readonly share: Share;
}

const settledSchema = z.array(
  z.object({
    trace_id: z.string(),
    arrivals: z.array(z.coerce.number()),
    spans: z.coerce.number(),
    first_day: z.string(),
    last_day: z.string(),
    audited_at: z.coerce.number(),
  }),
);

/** Audits from so long before a window are looked at, microseconds: a sender's retry comes within that time. */
const LOOK_BACK_US = 15 * 60 * 1_000_000;

/**
 * Finds the settled traces that have an arrival in a window, and an arrival since its beginning that no audit has
 * seen. What they take in memory, here and in ClickHouse, is bounded by the arrivals in the window, however many come
 * after it: a backlog is worked window by window.
 *
 * @returns traces of the same days beside each other, so that those which are read together touch few partitions
 */
export async function settledTraces(
  store: Store,
  { fromUs, toUs, settledBeforeUs, overdueBeforeUs = 0, share }: ArrivalWindow,
): Promise<SettledTrace[]> {
  const rows = await store.rows(
    `
    WITH
        fromUnixTimestamp64Micro({fromUs: Int64}, 'UTC') AS window_start,
        in_window AS
        (
            SELECT DISTINCT trace_id
            FROM arrivals
            WHERE received_at > window_start
              AND received_at <= fromUnixTimestamp64Micro({toUs: Int64}, 'UTC')
              AND cityHash64(trace_id) % {of: UInt32} = {index: UInt32}
        ),
        arrived AS
        (
            SELECT
                trace_id,
                groupUniqArray(received_at) AS arrivals,
                sum(arrivals.spans) AS spans,
                min(first_day) AS first_day,
                max(last_day) AS last_day
            FROM arrivals
            WHERE received_at > window_start
              AND trace_id IN (SELECT trace_id FROM in_window)
            GROUP BY trace_id
            HAVING max(received_at) <= fromUnixTimestamp64Micro({settledBeforeUs: Int64}, 'UTC')
                OR min(received_at) <= fromUnixTimestamp64Micro({overdueBeforeUs: Int64}, 'UTC')
        ),
        audited AS
        (
            SELECT trace_id, argMax(seen, audits.audited_at) AS seen, max(audits.audited_at) AS audited_at
            FROM audits
            WHERE audits.audited_at > fromUnixTimestamp64Micro({auditsFromUs: Int64}, 'UTC')
              AND trace_id IN (SELECT trace_id FROM in_window)
            GROUP BY trace_id
        )
    SELECT
        arrived.trace_id AS trace_id,
        arrayMap(at -> toUnixTimestamp64Micro(at), arrived.arrivals) AS arrivals,
        arrived.spans AS spans,
        arrived.first_day AS first_day,
        arrived.last_day AS last_day,
        toUnixTimestamp64Micro(audited.audited_at) AS audited_at
    FROM arrived
    LEFT JOIN audited ON audited.trace_id = arrived.trace_id
    WHERE NOT hasAll(audited.seen, arrived.arrivals)
    ORDER BY first_day, last_day, trace_id`,
    {
      fromUs,
      toUs,
      settledBeforeUs,
      overdueBeforeUs,
      auditsFromUs: Math.max(0, fromUs - LOOK_BACK_US),
      of: share.of,
      index: share.index,
    },
  );
  return settledSchema.parse(rows).map((row) => ({
    traceId: row.trace_id,
    arrivalsUs: row.arrivals,
    spans: row.spans,
    firstDay: row.first_day,
    lastDay: row.last_day,
    auditedAtUs: row.audited_at,
  }));
}
