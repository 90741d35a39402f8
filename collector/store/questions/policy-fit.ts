import * as z from 'zod';
import type { CompiledContract } from '../../../auditor/contract.js';
import { usdSchema } from '../../../schemas/audit.js';
import type { Scope } from '../../../schemas/gate.js';
import type { PolicyFit } from '../../../schemas/policy-fit.js';
import { policyFateSchema, policyFitSchema } from '../../../schemas/policy-fit.js';
import type { Store } from '../client.js';
import type { Window } from './scope.js';
import { callsIn, DAY_BY_DAY } from './scope.js';
import { ofWay } from './ways.js';

const MOST_ROUTES = 50;

const sums = { calls: z.coerce.number(), costUsd: usdSchema, unknownCost: z.coerce.number() };

const routeSchema = z.object({
  policy: z.string(),
  fate: policyFateSchema,
  ...sums,
  route: z.array(z.string()),
  operation: z.string(),
  stream: z.coerce.boolean(),
  failed: z.coerce.boolean(),
  shared: z.coerce.boolean(),
  routes: z.coerce.number(),
  isSum: z.coerce.boolean(),
});

/** A call counts for the policy that it resolves to, else for the one that it names, else for that of its origin. */
const fated = (where: string): string => `
    SELECT
        coalesce(nullIf(shown_resolved_policy, ''), nullIf(shown_policy, ''), shown_policy_origin) AS led_to,
        multiIf(
            has(${ofWay.findingRules}, 'bypass'), 'bypass',
            has(${ofWay.findingRules}, 'bound-too-late'), 'bound-too-late',
            has(${ofWay.findingRules}, 'policy-mismatch'), 'mismatch',
            has(${ofWay.findingRules}, 'ambiguous-policy'), 'ambiguous',
            shown_resolved_policy != '', 'seen',
            shown_policy = '' AND shown_policy_origin != '', 'lost',
            'unattributed'
        ) AS fate,
        ${ofWay.route} AS route,
        ${ofWay.operation} AS operation,
        ${ofWay.stream} AS stream,
        ${ofWay.failed} AS failed,
        has(${ofWay.findingRules}, 'shared-call') AS shared,
        n, known, unknown
    FROM
    (
        -- By hashes of few bytes: grouping by four columns of low cardinality would write out all their strings.
        SELECT
            any(calls.way) AS way,
            any(calls.resolved_policy) AS shown_resolved_policy,
            any(calls.policy) AS shown_policy,
            any(calls.policy_origin) AS shown_policy_origin,
            count() AS n, sum(ifNull(cost_usd, 0)) AS known, countIf(cost_usd IS NULL) AS unknown
        FROM calls FINAL
        WHERE ${where}
        GROUP BY
            sipHash64(calls.way), sipHash64(calls.resolved_policy), sipHash64(calls.policy), sipHash64(calls.policy_origin)
    )`;

const sumsOf = `
        sum(n) AS calls,
        toDecimalString(sum(known), 12) AS costUsd,
        sum(unknown) AS unknownCost`;

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
  const rows = await store.rows(
    `
    SELECT
        led_to AS policy, fate, route, operation, stream, failed, shared, ${sumsOf},
        grouping(route) = 1 AS isSum,
        count() OVER (PARTITION BY led_to, isSum) AS routes
    FROM (${fated(sql)})
    GROUP BY GROUPING SETS ((led_to, fate), (led_to, fate, route, operation, stream, failed, shared))
    ORDER BY led_to, sum(known) DESC, calls DESC, fate, route, operation, stream, failed, shared
    LIMIT {mostRoutes: UInt32} BY led_to, isSum
    ${DAY_BY_DAY}`,
    { ...params, mostRoutes: MOST_ROUTES },
  );
  const ways = z.array(routeSchema).parse(rows);
  const fates = ways.filter(({ isSum }) => isSum);
  const routes = ways.filter(({ isSum }) => !isSum);
  // Calls that bear on one policy may lead to another, which then says nothing about that other.
  const ids =
    scope.policy === undefined
      ? new Set([...contract.policyById.keys(), ...fates.map(({ policy }) => policy)])
      : [scope.policy];
  return [...ids].map((id) => fitOf(id, contract.policyById.has(id), fates, routes));
}

function fitOf(
  id: string,
  isListed: boolean,
  fates: readonly z.infer<typeof routeSchema>[],
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
