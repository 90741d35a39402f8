import * as z from 'zod';
import type { CompiledContract } from '../../../auditor/contract.js';
import { usdSchema } from '../../../schemas/audit.js';
import type { Scope } from '../../../schemas/gate.js';
import type { PolicyFit } from '../../../schemas/policy-fit.js';
import { policyFateSchema, policyFitSchema } from '../../../schemas/policy-fit.js';
import type { Store } from '../client.js';
import type { Window } from './scope.js';
import { callsIn } from './scope.js';

const MOST_ROUTES = 50;

const sums = { calls: z.coerce.number(), costUsd: usdSchema, unknownCost: z.coerce.number() };

const fateSchema = z.object({ policy: z.string(), fate: policyFateSchema, ...sums });

const routeSchema = fateSchema.extend({
  route: z.array(z.string()),
  operation: z.string(),
  stream: z.boolean(),
  failed: z.boolean(),
  shared: z.coerce.boolean(),
  routes: z.coerce.number(),
});

/** A call counts for the policy that it resolves to, else for the one that it names, else for that of its origin. */
const fated = (where: string): string => `
    SELECT
        coalesce(nullIf(resolved_policy, ''), nullIf(policy, ''), policy_origin) AS led_to,
        multiIf(
            has(finding_rules, 'bypass'), 'bypass',
            has(finding_rules, 'bound-too-late'), 'bound-too-late',
            has(finding_rules, 'policy-mismatch'), 'mismatch',
            has(finding_rules, 'ambiguous-policy'), 'ambiguous',
            resolved_policy != '', 'seen',
            policy = '' AND policy_origin != '', 'lost',
            'unattributed'
        ) AS fate,
        route, operation, stream, failed, has(finding_rules, 'shared-call') AS shared, cost_usd
    FROM calls FINAL
    WHERE ${where}`;

const sumsOf = `
        count() AS calls,
        toDecimalString(sum(ifNull(cost_usd, 0)), 12) AS costUsd,
        countIf(cost_usd IS NULL) AS unknownCost`;

/**
 * What each policy would and would not see of the calls in a window, by the ways they come: policies of the contract,
 * others that calls name, and what leads to none.
 */
export async function policyFit(
  store: Store,
  contract: CompiledContract,
  scope: Scope,
  window: Window,
): Promise<PolicyFit[]> {
  const { sql, params } = callsIn(scope, window);
  const [fateRows, routeRows] = await Promise.all([
    store.rows(
      `
    SELECT led_to AS policy, fate, ${sumsOf}
    FROM (${fated(sql)})
    GROUP BY led_to, fate
    ORDER BY led_to, sum(ifNull(cost_usd, 0)) DESC, calls DESC, fate`,
      params,
    ),
    store.rows(
      `
    SELECT
        led_to AS policy, fate, route, operation, stream, failed, shared, ${sumsOf},
        count() OVER (PARTITION BY led_to) AS routes
    FROM (${fated(sql)})
    GROUP BY led_to, fate, route, operation, stream, failed, shared
    ORDER BY led_to, sum(ifNull(cost_usd, 0)) DESC, calls DESC, fate, route, operation, stream, failed, shared
    LIMIT {mostRoutes: UInt32} BY led_to`,
      { ...params, mostRoutes: MOST_ROUTES },
    ),
  ]);
  const fates = z.array(fateSchema).parse(fateRows);
  const routes = z.array(routeSchema).parse(routeRows);
  const ids = new Set([...contract.policyById.keys(), ...fates.map(({ policy }) => policy)]);
  return [...ids].map((id) => fitOf(id, contract.policyById.has(id), fates, routes));
}

function fitOf(
  id: string,
  isListed: boolean,
  fates: readonly z.infer<typeof fateSchema>[],
  routes: readonly z.infer<typeof routeSchema>[],
): PolicyFit {
  const own = fates.filter(({ policy }) => policy === id);
  const ways = routes.filter(({ policy }) => policy === id);
  return {
    policy: id === '' ? null : id,
    isListed,
    isDead: isListed && !own.some(({ fate }) => fate === 'seen'),
    fates: own.map(({ fate, calls, costUsd, unknownCost }) => ({ fate, calls, costUsd, unknownCost })),
    routes: ways.map((way) => policyFitSchema.shape.routes.element.parse(way)),
    routesLeftOut: Math.max(0, (ways[0]?.routes ?? 0) - ways.length),
  };
}
