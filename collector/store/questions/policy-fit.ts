import * as z from 'zod';
import type { CompiledContract } from '../../../auditor/contract.js';
import { formatUsd } from '../../../auditor/cost/usd.js';
import type { Scope } from '../../../schemas/gate.js';
import type { PolicyFit } from '../../../schemas/policy-fit.js';
import { policyFateSchema } from '../../../schemas/policy-fit.js';
import type { Store } from '../client.js';
import type { Window } from './scope.js';
import type { DailyQuestion } from './by-day.js';
import { askByDay, FILED } from './by-day.js';
import { descending, inOrder } from './order.js';
import { DAY_BY_DAY } from './scope.js';
import { ofWay } from './ways.js';
import { picoSchema } from './pico.js';

const MOST_ROUTES = 50;

const rowSchema = z.object({
  policy: z.string(),
  fate: policyFateSchema,
  route: z.array(z.string()),
  operation: z.string(),
  stream: z.coerce.boolean(),
  failed: z.coerce.boolean(),
  shared: z.coerce.boolean(),
  calls: z.coerce.number(),
  pico: picoSchema,
  unknown: z.coerce.number(),
});
type FatedCalls = z.infer<typeof rowSchema>;

/** A call counts for the policy that it resolves to, else for the one that it names, else for that of its origin. */
export const fatesOfDay: DailyQuestion<FatedCalls> = {
  name: 'fates',
  sql: (where) => `
    SELECT
        filed,
        coalesce(nullIf(shown_resolved_policy, ''), nullIf(shown_policy, ''), shown_policy_origin) AS policy,
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
        sum(n) AS calls,
        toDecimalString(sum(known), 12) AS pico,
        sum(unknown_here) AS unknown
    FROM
    (
        -- By hashes of few bytes: grouping by four columns of low cardinality would write out all their strings.
        SELECT
            ${FILED} AS filed,
            any(calls.way) AS way,
            any(calls.resolved_policy) AS shown_resolved_policy,
            any(calls.policy) AS shown_policy,
            any(calls.policy_origin) AS shown_policy_origin,
            count() AS n, sum(ifNull(cost_usd, 0)) AS known, countIf(cost_usd IS NULL) AS unknown_here
        FROM calls FINAL
        WHERE ${where}
        GROUP BY
            filed,
            sipHash64(calls.way), sipHash64(calls.resolved_policy), sipHash64(calls.policy), sipHash64(calls.policy_origin)
    )
    GROUP BY filed, policy, fate, route, operation, stream, failed, shared
    ${DAY_BY_DAY}`,
  row: rowSchema,
};

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
  const found = (await askByDay(store, fatesOfDay, scope, window)).map(({ row }) => row);
  const named = [...new Set(found.map(({ policy }) => policy))].toSorted(inOrder);
  // Calls that bear on one policy may lead to another, which then says nothing about that other.
  const ids = scope.policy === undefined ? new Set([...contract.policyById.keys(), ...named]) : [scope.policy];
  return [...ids].map((id) =>
    fitOf(
      id,
      contract.policyById.has(id),
      found.filter(({ policy }) => policy === id),
    ),
  );
}

/** @param own calls that lead to this policy */
function fitOf(id: string, isListed: boolean, own: readonly FatedCalls[]): PolicyFit {
  const fates = together(own, ({ fate }) => [fate]);
  const ways = together(own, ({ fate, route, operation, stream, failed, shared }) => {
    return [fate, route, operation, stream, failed, shared];
  });
  return {
    policy: id === '' ? null : id,
    isListed,
    isDead: isListed && !fates.some(({ fate }) => fate === 'seen'),
    fates: fates.map((one) => ({ fate: one.fate, ...sumsOf(one) })),
    routes: ways.slice(0, MOST_ROUTES).map((one) => {
      const { fate, route, operation, stream, failed, shared } = one;
      return { fate, route, operation, stream, failed, shared, ...sumsOf(one) };
    }),
    routesLeftOut: Math.max(0, ways.length - MOST_ROUTES),
  };
}

/** Puts calls together by what they share, most spend first. */
function together(all: readonly FatedCalls[], keyOf: (one: FatedCalls) => readonly unknown[]): FatedCalls[] {
  const sums = new Map<string, FatedCalls>();
  for (const one of all) {
    const key = JSON.stringify(keyOf(one));
    const { calls, pico, unknown } = sums.get(key) ?? { calls: 0, pico: 0n, unknown: 0 };
    sums.set(key, { ...one, calls: calls + one.calls, pico: pico + one.pico, unknown: unknown + one.unknown });
  }
  return [...sums]
    .toSorted(([keyA, a], [keyB, b]) => descending(a.pico, b.pico) || b.calls - a.calls || inOrder(keyA, keyB))
    .map(([, one]) => one);
}

function sumsOf({ calls, pico, unknown }: FatedCalls): { calls: number; costUsd: string; unknownCost: number } {
  return { calls, costUsd: formatUsd(pico), unknownCost: unknown };
}
