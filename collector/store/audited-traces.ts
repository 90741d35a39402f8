import * as z from 'zod';
import type { Window } from './questions/scope.js';
import { boundsOf, DAY_US } from './questions/scope.js';
import type { Store } from './client.js';
import type { SettledTrace } from './settled.js';

const PAGE = 1_000;

const rowSchema = z.object({
  traceId: z.string(),
  day: z.string(),
  spans: z.coerce.number(),
  seen: z.array(z.coerce.number()),
  auditedUs: z.coerce.number(),
});

/** How many traces have been audited whose first day is in a window. */
export async function countAuditedTraces(store: Store, window: Window): Promise<number> {
  const rows = await store.rows(
    'SELECT uniqExact(trace_id) AS traces FROM audits WHERE day BETWEEN toDate({first: UInt16}) AND toDate({last: UInt16})',
    daysOf(window),
  );
  return z.array(z.object({ traces: z.coerce.number() })).parse(rows)[0]?.traces ?? 0;
}

/** The audited traces of a window of days, page by page, a day at a time, since that is what the table is parted by. */
export async function* auditedTraces(store: Store, window: Window): AsyncGenerator<SettledTrace[]> {
  const { first, last } = daysOf(window);
  for (let day = first; day <= last; day += 1) {
    let after = '';
    for (;;) {
      const rows = await store.rows(
        `
        SELECT
            trace_id AS traceId,
            toString(day) AS day,
            spans,
            arrayMap(at -> toUnixTimestamp64Micro(at), seen) AS seen,
            toUnixTimestamp64Micro(audited_at) AS auditedUs
        FROM audits FINAL
        WHERE audits.day = toDate({day: UInt16})
          AND trace_id > {after: String}
        ORDER BY trace_id
        LIMIT {page: UInt32}`,
        { day, after, page: PAGE },
      );
      const traces = z.array(rowSchema).parse(rows);
      if (traces.length > 0) yield traces.map(toSettled);
      const lastOne = traces.at(-1);
      if (traces.length < PAGE || lastOne === undefined) break;
      after = lastOne.traceId;
    }
  }
}

function toSettled({ traceId, day, spans, seen, auditedUs }: z.infer<typeof rowSchema>): SettledTrace {
  return { traceId, arrivalsUs: seen, spans, firstDay: day, lastDay: day, auditedAtUs: auditedUs };
}

function daysOf(window: Window): { first: number; last: number } {
  const { fromUs, toUs } = boundsOf(window);
  return { first: Math.floor(fromUs / DAY_US), last: Math.floor(toUs / DAY_US) };
}
