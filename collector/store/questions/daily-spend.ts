import * as z from 'zod';
import type { DailySpend } from '../../../auditor/alerts/unusual-spend.js';
import { parseUsd } from '../../../auditor/cost/usd.js';
import { usdSchema } from '../../../schemas/audit.js';
import type { Store } from '../client.js';
import type { Window } from './scope.js';
import { callsIn, DAY_BY_DAY } from './scope.js';

const KEYS = { everything: "''", tenant: 'tenant', feature: 'feature', policy: 'resolved_policy' } as const;

/** More values than this are not watched one by one: a sender may make up any number of them. */
const MOST_VALUES = 1_000;

const rowSchema = z.array(z.object({ key: z.string(), at: z.coerce.number(), cost: usdSchema }));

/** Known spend a day, in UTC, as a whole or by the values of an attribute; what has no value is left out. */
export async function dailySpend(store: Store, by: keyof typeof KEYS, window: Window): Promise<DailySpend[]> {
  const { sql, params } = callsIn({}, window);
  const rows = await store.rows(
    `
    WITH chosen AS
    (
        SELECT
            toString(${KEYS[by]}) AS key,
            toUnixTimestamp64Micro(toDateTime64(toStartOfDay(start_time, 'UTC'), 6, 'UTC')) AS at,
            sum(ifNull(cost_usd, 0)) AS total
        FROM calls FINAL
        WHERE ${sql}
        GROUP BY key, at
    )
    SELECT key, at, toDecimalString(total, 12) AS cost
    FROM chosen
    WHERE key IN (SELECT key FROM chosen GROUP BY key ORDER BY sum(total) DESC, key LIMIT {most: UInt32})
      AND (key != '' OR {isWhole: Bool})
    ${DAY_BY_DAY}`,
    { ...params, most: MOST_VALUES, isWhole: by === 'everything' },
  );
  const byKey = new Map<string, Map<number, bigint>>();
  for (const { key, at, cost } of rowSchema.parse(rows)) {
    const byDay = byKey.get(key) ?? new Map<number, bigint>();
    byKey.set(key, byDay.set(at, parseUsd(cost) ?? 0n));
  }
  return [...byKey].map(([key, byDay]) => ({ scope: by === 'everything' ? {} : { [by]: key }, byDay }));
}

const sumsSchema = z.tuple([z.object({ spendUsd: usdSchema, unattributedUsd: usdSchema })]);

/** The known spend of a window, and how much of it is unattributed. */
export async function unattributedIn(store: Store, window: Window): Promise<z.infer<typeof sumsSchema>[0]> {
  const { sql, params } = callsIn({}, window);
  const rows = await store.rows(
    `
    SELECT
        toDecimalString(sum(ifNull(cost_usd, 0)), 12) AS spendUsd,
        toDecimalString(sumIf(ifNull(cost_usd, 0), verdict = 'unattributed'), 12) AS unattributedUsd
    FROM calls FINAL
    WHERE ${sql}
    ${DAY_BY_DAY}`,
    params,
  );
  return sumsSchema.parse(rows)[0];
}
