import * as z from 'zod';
import { formatUsd } from '../../../auditor/cost/usd.js';
import { usdSchema } from '../../../schemas/audit.js';
import type { Scope } from '../../../schemas/gate.js';
import type { Store } from '../client.js';
import type { Window } from './scope.js';
import type { DailyQuestion } from './by-day.js';
import { askByDay } from './by-day.js';
import { descending, inOrder } from './order.js';
import { callsIn, DAY_BY_DAY } from './scope.js';
import { picoSchema } from './pico.js';

/** What spend can be broken down by, and the column that holds it. */
const COLUMNS = {
  tenant: 'tenant',
  feature: 'feature',
  policy: "if(resolved_policy != '', resolved_policy, policy)",
  user: 'user',
  provider: 'provider',
  model: 'model',
  service: 'service',
  day: 'toDate(start_time)',
} as const;

export const spendDimensionSchema = z.enum([
  'tenant',
  'feature',
  'policy',
  'user',
  'provider',
  'model',
  'service',
  'day',
]);
export type SpendDimension = z.infer<typeof spendDimensionSchema>;

export const spendRowSchema = z.object({
  by: z.record(z.string(), z.string().nullable()).describe('Value per dimension; null: unattributed, its own row'),
  calls: z.number().int(),
  costUsd: usdSchema.describe('Sum of the known costs'),
  unknownCost: z.number().int().describe('Calls whose cost is not in the sum'),
});
export type SpendRow = z.infer<typeof spendRowSchema>;

const rowSchema = z.object({
  keys: z.array(z.string()),
  calls: z.coerce.number(),
  pico: picoSchema,
  unknown_cost: z.coerce.number(),
});
type SpentRow = z.infer<typeof rowSchema>;

/** Spend by one dimension or several together, most first. What has no value is a row of its own, under null. */
export async function spendBy(
  store: Store,
  dimensions: readonly SpendDimension[],
  scope: Scope,
  window: Window,
  limit = 1_000,
): Promise<SpendRow[]> {
  const rows =
    (dimensions.includes('day') ? await spentByDay(store, dimensions, scope, window, limit) : null) ??
    (await spentBy(store, dimensions, scope, window, limit));
  return rows.map(({ keys, calls, pico, unknown_cost }) => ({
    by: Object.fromEntries(dimensions.map((name, i) => [name, keys[i] === '' ? null : (keys[i] ?? null)])),
    calls,
    costUsd: formatUsd(pico),
    unknownCost: unknown_cost,
  }));
}

async function spentBy(
  store: Store,
  dimensions: readonly SpendDimension[],
  scope: Scope,
  window: Window,
  limit: number,
): Promise<SpentRow[]> {
  const { sql, params } = callsIn(scope, window);
  const { columns, names } = groupedBy(dimensions);
  const rows = await store.rows(
    `
    SELECT
        ${columns}
    FROM calls FINAL
    WHERE ${sql}
    GROUP BY ${names}
    ORDER BY known DESC, calls DESC, keys
    LIMIT {limit: UInt32}
    ${DAY_BY_DAY}`,
    { ...params, limit },
  );
  return z.array(rowSchema).parse(rows);
}

/**
 * The same where a day is one of the dimensions: then the most of each day are the most of all, and what is kept of
 * days need not be looked for again.
 *
 * @returns null where calls are filed under another day than that they began on: their spend is in two places
 */
async function spentByDay(
  store: Store,
  dimensions: readonly SpendDimension[],
  scope: Scope,
  window: Window,
  limit: number,
): Promise<SpentRow[] | null> {
  const { columns, names } = groupedBy(dimensions);
  const spentOfDay: DailyQuestion<SpentRow> = {
    name: `spend ${dimensions.join()} ${limit}`,
    sql: (where) => `
    SELECT
        if(toDate(start_time) = calls.day, toInt32(calls.day), -1 - toInt32(calls.day)) AS filed,
        ${columns}
    FROM calls FINAL
    WHERE ${where}
    GROUP BY filed, ${names}
    ORDER BY known DESC, calls DESC, keys
    LIMIT {limit: UInt32} BY filed
    ${DAY_BY_DAY}`,
    params: { limit },
    row: rowSchema,
  };
  const found = await askByDay(store, spentOfDay, scope, window);
  if (found.some(({ day }) => day < 0)) return null;
  return found
    .map(({ row }) => row)
    .toSorted(bySpend)
    .slice(0, limit);
}

/**
 * SQL for the sums by dimensions and what they are grouped by. A single column of low cardinality is grouped by without
 * looking at its strings; several by a hash of a few bytes, which halves the time.
 */
function groupedBy(dimensions: readonly SpendDimension[]): { readonly columns: string; readonly names: string } {
  const values = dimensions.map((one) => COLUMNS[one]);
  const isOne = values.length === 1;
  const shown = values.map((value) => `toString(${isOne ? value : `any(${value})`})`);
  const hashes = values.map((value, i) => `${2 * i + 1} * sipHash64(${value})`);
  return {
    columns: `
        [${shown.join(', ')}] AS keys,
        count() AS calls,
        toDecimalString(ifNull(sum(cost_usd), 0) AS known, 12) AS pico,
        calls - count(cost_usd) AS unknown_cost`,
    names: isOne ? values.join('') : hashes.reduce((one, other) => `bitXor(${one}, ${other})`),
  };
}

function bySpend(one: SpentRow, other: SpentRow): number {
  return (
    descending(one.pico, other.pico) ||
    other.calls - one.calls ||
    one.keys.reduce((order, key, i) => order || inOrder(key, other.keys[i] ?? ''), 0)
  );
}
