import * as z from 'zod';
import { formatUsd } from '../../../auditor/cost/usd.js';
import { usdSchema } from '../../../schemas/audit.js';
import type { Scope } from '../../../schemas/gate.js';
import type { Store } from '../client.js';
import type { Window } from './scope.js';
import type { DailyQuestion } from './by-day.js';
import { askByDay, FILED } from './by-day.js';
import { descending, inOrder } from './order.js';
import { DAY_BY_DAY } from './scope.js';
import { picoSchema } from './pico.js';

export const scopeRowSchema = z.object({
  tenant: z
    .string()
    .nullable()
    .describe('As the origin named it, else the enforcement point, else the call; null: nobody'),
  policy: z.string().nullable().describe('The policy that calls resolve to, else the one that they name; null: none'),
  calls: z.coerce.number().int(),
  costUsd: usdSchema.describe('Sum of the known costs'),
  unknownCost: z.coerce.number().int().describe('Calls whose cost is not in the sum'),
});
export type ScopeRow = z.infer<typeof scopeRowSchema>;

const rowSchema = z.object({
  of_tenant: z.string().nullable(),
  of_policy: z.string().nullable(),
  calls: z.coerce.number(),
  pico: picoSchema,
  unknown: z.coerce.number(),
});
type DayOfScope = z.infer<typeof rowSchema>;

/** Where a call shows a tenant or a policy. */
const SHOWN = ['tenant_origin', 'tenant_enforcement', 'tenant', 'resolved_policy', 'policy_origin', 'policy'] as const;

export const scopesOfDay: DailyQuestion<DayOfScope> = {
  name: 'scopes',
  sql: (where) => `
    SELECT
        filed,
        coalesce(nullIf(shown_tenant_origin, ''), nullIf(shown_tenant_enforcement, ''), nullIf(shown_tenant, '')) AS of_tenant,
        coalesce(nullIf(shown_resolved_policy, ''), nullIf(shown_policy_origin, ''), nullIf(shown_policy, '')) AS of_policy,
        sum(n) AS calls,
        toDecimalString(sum(known), 12) AS pico,
        sum(unknown_here) AS unknown
    FROM
    (
        -- Calls that show the same are put together first: there are few ways to, and many calls. By hashes of few
        -- bytes: grouping by columns of low cardinality would write out all their strings.
        SELECT
            ${FILED} AS filed,
            ${SHOWN.map((column) => `any(${column}) AS shown_${column}`).join(', ')},
            count() AS n,
            sum(ifNull(cost_usd, 0)) AS known,
            countIf(cost_usd IS NULL) AS unknown_here
        FROM calls FINAL
        WHERE ${where}
        GROUP BY filed, ${SHOWN.map((column) => `sipHash64(${column})`).join(', ')}
    )
    GROUP BY filed, of_tenant, of_policy
    ${DAY_BY_DAY}`,
  row: rowSchema,
};

/**
 * The pairs of tenant and policy that calls are about, most spend first. A tenant that was lost on the way is still
 * the one that the call was made for, so the origin's word counts before what is left of it.
 */
export async function listScopes(store: Store, scope: Scope, window: Window, limit: number): Promise<ScopeRow[]> {
  const all = new Map<string, DayOfScope>();
  for (const { row } of await askByDay(store, scopesOfDay, scope, window)) {
    const key = JSON.stringify([row.of_tenant, row.of_policy]);
    const before = all.get(key);
    all.set(key, before === undefined ? row : together(before, row));
  }
  return [...all.values()]
    .toSorted(bySpend)
    .slice(0, limit)
    .map(({ of_tenant, of_policy, calls, pico, unknown }) => {
      return { tenant: of_tenant, policy: of_policy, calls, costUsd: formatUsd(pico), unknownCost: unknown };
    });
}

function together(one: DayOfScope, other: DayOfScope): DayOfScope {
  return {
    ...one,
    calls: one.calls + other.calls,
    pico: one.pico + other.pico,
    unknown: one.unknown + other.unknown,
  };
}

/** Nobody comes after everybody that spent as much. */
function bySpend(one: DayOfScope, other: DayOfScope): number {
  return (
    descending(one.pico, other.pico) ||
    other.calls - one.calls ||
    inOrder(one.of_tenant, other.of_tenant) ||
    inOrder(one.of_policy, other.of_policy)
  );
}
