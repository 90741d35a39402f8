import * as z from 'zod';
import type { ReplayedCall } from '../../../auditor/policy/simulate.js';
import { parseUsd } from '../../../auditor/cost/usd.js';
import type { Store } from '../client.js';
import type { Window } from './scope.js';
import { callsIn, DAY_BY_DAY, DAY_US } from './scope.js';

const text = z.string().transform((value) => (value === '' ? null : value));

const rowSchema = z.object({
  traceId: z.string(),
  spanId: z.string(),
  startUs: z.coerce.number(),
  durationUs: z.coerce.number(),
  costUsd: z.string().nullable(),
  misattributed: z.boolean(),
  whose: text,
  enforcementPoint: text,
  tenantSeen: text,
  featureSeen: text,
  policySeen: text,
  tenantOrigin: text,
  featureOrigin: text,
  policyOrigin: text,
});
type Row = z.infer<typeof rowSchema>;

/** Calls that are in memory at a time, about half a kilobyte each. */
const PAGE = 20_000;

/** Some calls, of how many in all. */
interface ReplayedPage {
  readonly calls: readonly ReplayedCall[];
  readonly of: number;
}

/**
 * Reads the calls of a window in order of their start, page by page: a page is asked for when the one before is used
 * up, and each reads one day alone, since a day is what the table is partitioned by.
 */
export async function* replayCalls(store: Store, window: Window, page = PAGE): AsyncGenerator<ReplayedPage> {
  const days = await daysWithCalls(store, window);
  const of = days.reduce((sum, { calls }) => sum + calls, 0);
  for (const { dayUs } of days) {
    const day = { fromUs: Math.max(window.fromUs, dayUs), toUs: Math.min(window.toUs, dayUs + DAY_US) };
    let last: Row | undefined;
    do {
      const rows = await readPage(store, day, last, page);
      if (rows.length > 0) yield { calls: rows.map(toCall), of };
      last = rows.length < page ? undefined : rows.at(-1);
    } while (last !== undefined);
  }
}

/** The starts of the days, microseconds since 1970, in which calls began, and how many did. */
async function daysWithCalls(store: Store, window: Window): Promise<{ dayUs: number; calls: number }[]> {
  const { sql, params } = callsIn({}, window);
  const rows = await store.rows(
    `
    SELECT toUInt32(toUnixTimestamp(toStartOfDay(start_time, 'UTC'))) AS at, count() AS calls
    FROM calls FINAL
    WHERE ${sql}
    GROUP BY at
    ORDER BY at
    ${DAY_BY_DAY}`,
    params,
  );
  return z
    .array(z.object({ at: z.coerce.number(), calls: z.coerce.number() }))
    .parse(rows)
    .map(({ at, calls }) => ({ dayUs: at * 1_000_000, calls }));
}

const seen = (name: string): string => `if(enforcement_point = '', ${name}, ${name}_enforcement) AS ${name}Seen`;

async function readPage(store: Store, day: Window, last: Row | undefined, page: number): Promise<Row[]> {
  const { sql, params } = callsIn({}, last === undefined ? day : { ...day, fromUs: last.startUs });
  const rows = await store.rows(
    `
    SELECT
        trace_id AS traceId,
        span_id AS spanId,
        toUnixTimestamp64Micro(start_time) AS startUs,
        duration_us AS durationUs,
        toDecimalString(cost_usd, 12) AS costUsd,
        misattributed,
        if(tenant_origin != '', tenant_origin, tenant) AS whose,
        enforcement_point AS enforcementPoint,
        ${['tenant', 'feature', 'policy'].map(seen).join(',\n        ')},
        tenant_origin AS tenantOrigin, feature_origin AS featureOrigin, policy_origin AS policyOrigin
    FROM calls FINAL
    WHERE ${sql}
      ${last === undefined ? '' : 'AND (toUnixTimestamp64Micro(start_time), trace_id, span_id) > ({startUs: Int64}, {traceId: String}, {spanId: String})'}
    ORDER BY start_time, trace_id, span_id
    LIMIT {page: UInt32}
    ${DAY_BY_DAY}`,
    {
      ...params,
      page,
      ...(last === undefined ? {} : { startUs: last.startUs, traceId: last.traceId, spanId: last.spanId }),
    },
  );
  return z.array(rowSchema).parse(rows);
}

function toCall(row: Row): ReplayedCall {
  return {
    startUs: row.startUs,
    endUs: row.startUs + row.durationUs,
    costPico: row.costUsd === null ? null : parseUsd(row.costUsd),
    misattributed: row.misattributed,
    tenant: row.whose,
    enforcementPoint: row.enforcementPoint,
    seen: { tenant: row.tenantSeen, feature: row.featureSeen, policy: row.policySeen },
    origin: { tenant: row.tenantOrigin, feature: row.featureOrigin, policy: row.policyOrigin },
  };
}
