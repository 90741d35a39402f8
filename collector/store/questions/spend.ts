import * as z from 'zod';
import { usdSchema } from '../../../schemas/audit.js';
import type { Scope } from '../../../schemas/gate.js';
import type { Store } from '../client.js';
import type { Window } from './scope.js';
import { callsIn, DAY_BY_DAY } from './scope.js';

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
  cost: usdSchema,
  unknown_cost: z.coerce.number(),
});

/** Spend by one dimension or several together, most first. What has no value is a row of its own, under null. */
export async function spendBy(
  store: Store,
  dimensions: readonly SpendDimension[],
  scope: Scope,
  window: Window,
  limit = 1_000,
): Promise<SpendRow[]> {
  const { sql, params } = callsIn(scope, window);
  // Not by an array of them: a single column of low cardinality is grouped by without looking at its strings.
  const names = dimensions.map((one) => COLUMNS[one]);
  const rows = await store.rows(
    `
    SELECT
        [${names.map((name) => `toString(${name})`).join(', ')}] AS keys,
        count() AS calls,
        toDecimalString(sum(ifNull(cost_usd, 0)), 12) AS cost,
        countIf(cost_usd IS NULL) AS unknown_cost
    FROM calls FINAL
    WHERE ${sql}
    GROUP BY ${names.join(', ')}
    ORDER BY sum(ifNull(cost_usd, 0)) DESC, calls DESC, keys
    LIMIT {limit: UInt32}
    ${DAY_BY_DAY}`,
    { ...params, limit },
  );
  return z
    .array(rowSchema)
    .parse(rows)
    .map(({ keys, calls, cost, unknown_cost }) => ({
      by: Object.fromEntries(dimensions.map((name, i) => [name, keys[i] === '' ? null : (keys[i] ?? null)])),
      calls,
      costUsd: cost,
      unknownCost: unknown_cost,
    }));
}
