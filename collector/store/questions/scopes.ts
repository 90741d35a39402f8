import * as z from 'zod';
import { usdSchema } from '../../../schemas/audit.js';
import type { Scope } from '../../../schemas/gate.js';
import type { Store } from '../client.js';
import type { Window } from './scope.js';
import { callsIn, DAY_BY_DAY } from './scope.js';

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

const rowSchema = scopeRowSchema
  .omit({ tenant: true, policy: true })
  .extend({ of_tenant: z.string().nullable(), of_policy: z.string().nullable() });

/** Where a call shows a tenant or a policy. */
const SHOWN = ['tenant_origin', 'tenant_enforcement', 'tenant', 'resolved_policy', 'policy_origin', 'policy'] as const;

/**
 * The pairs of tenant and policy that calls are about, most spend first. A tenant that was lost on the way is still
 * the one that the call was made for, so the origin's word counts before what is left of it.
 */
export async function listScopes(store: Store, scope: Scope, window: Window, limit: number): Promise<ScopeRow[]> {
  const { sql, params } = callsIn(scope, window);
  const rows = await store.rows(
    `
    SELECT
        coalesce(nullIf(shown_tenant_origin, ''), nullIf(shown_tenant_enforcement, ''), nullIf(shown_tenant, '')) AS of_tenant,
        coalesce(nullIf(shown_resolved_policy, ''), nullIf(shown_policy_origin, ''), nullIf(shown_policy, '')) AS of_policy,
        sum(n) AS calls,
        toDecimalString(sum(known), 12) AS costUsd,
        sum(unknown) AS unknownCost
    FROM
    (
        -- Calls that show the same are put together first: there are few ways to, and many calls. By hashes of few
        -- bytes: grouping by columns of low cardinality would write out all their strings.
        SELECT
            ${SHOWN.map((column) => `any(${column}) AS shown_${column}`).join(', ')},
            count() AS n,
            sum(ifNull(cost_usd, 0)) AS known,
            countIf(cost_usd IS NULL) AS unknown
        FROM calls FINAL
        WHERE ${sql}
        GROUP BY ${SHOWN.map((column) => `sipHash64(${column})`).join(', ')}
    )
    GROUP BY of_tenant, of_policy
    ORDER BY sum(known) DESC, calls DESC, of_tenant, of_policy
    LIMIT {limit: UInt32}
    ${DAY_BY_DAY}`,
    { ...params, limit },
  );
  return z
    .array(rowSchema)
    .parse(rows)
    .map(({ of_tenant, of_policy, ...sums }) => ({ tenant: of_tenant, policy: of_policy, ...sums }));
}
