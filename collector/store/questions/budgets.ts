import * as z from 'zod';
import { parseUsd } from '../../../auditor/cost/usd.js';
import type { WatchedBudget } from '../../../auditor/policy/budget-state.js';
import { budgetAt } from '../../../auditor/policy/budget-state.js';
import { periodAt } from '../../../auditor/policy/budget-period.js';
import type { SpendStretches } from '../../../auditor/policy/forecast.js';
import { budgetsOf } from '../../../auditor/policy/simulate.js';
import { usdSchema } from '../../../schemas/audit.js';
import type { Budget } from '../../../schemas/budget.js';
import type { Contract } from '../../../schemas/contract.js';
import type { BudgetPeriod, SimulatedSum } from '../../../schemas/simulation.js';
import type { Store } from '../client.js';
import type { Window } from './scope.js';
import { callsIn, DAY_US } from './scope.js';

/** What a forecast goes by where no window is asked for: enough stretches to hold the ups and downs of the period. */
const STRETCHES: Readonly<Record<BudgetPeriod, { readonly count: number; readonly lengthUs: number }>> = {
  hour: { count: 24, lengthUs: DAY_US / 288 },
  day: { count: 24, lengthUs: DAY_US / 24 },
  week: { count: 14, lengthUs: DAY_US / 2 },
  month: { count: 28, lengthUs: DAY_US },
};

/** Into how many stretches a window that is asked for is cut. */
const ASKED_STRETCHES = 24;

/** The sum of no calls. */
export const NOTHING_SPENT: SimulatedSum = { calls: 0, costUsd: '0.000000000000', unknownCost: 0 };

/** The policies of a contract that have a limit. */
export function watchedBudgets(contract: Contract, policy?: string): WatchedBudget[] {
  const alerts = new Map(contract.policies.map((one) => [one.id, one.alerts]));
  return budgetsOf(contract, { policy }).map((one) => ({ ...one, alerts: alerts.get(one.policy) ?? [] }));
}

/**
 * Each budget in the period that runs now, in the order of the contract.
 *
 * @param windowUs how far back forecasts go; left out: by the length of the period
 */
export async function budgetStates(
  store: Store,
  budgets: readonly WatchedBudget[],
  nowUs: number,
  windowUs?: number,
): Promise<Budget[]> {
  const periods = [...new Set(budgets.map(({ per }) => per))];
  const states = new Map<string, Budget>();
  await Promise.all(
    periods.map(async (per) => {
      const { count, lengthUs } =
        windowUs === undefined
          ? STRETCHES[per]
          : { count: ASKED_STRETCHES, lengthUs: Math.max(1, Math.floor(windowUs / ASKED_STRETCHES)) };
      const own = budgets.filter((budget) => budget.per === per);
      const [spent, stretches] = await Promise.all([
        spentIn(store, own, { fromUs: periodAt(nowUs, per).fromUs, toUs: nowUs }),
        stretchesOf(store, own, nowUs, count, lengthUs),
      ]);
      for (const budget of own) {
        const costsPico = stretches.get(budget.policy) ?? [];
        const seen: SpendStretches = { endUs: nowUs, lengthUs, costsPico };
        states.set(budget.policy, budgetAt(nowUs, budget, spent.get(budget.policy) ?? NOTHING_SPENT, seen));
      }
    }),
  );
  return budgets.flatMap(({ policy }) => states.get(policy) ?? []);
}

const spentRowSchema = z.array(
  z.object({ policy: z.string(), calls: z.coerce.number(), costUsd: usdSchema, unknownCost: z.coerce.number() }),
);

/** What the calls of a window that resolved to these policies came to. */
export async function spentIn(
  store: Store,
  budgets: readonly WatchedBudget[],
  window: Window,
): Promise<Map<string, SimulatedSum>> {
  const { sql, params } = callsIn({}, window);
  const rows = await store.rows(
    `
    SELECT
        resolved_policy AS policy,
        count() AS calls,
        toDecimalString(sum(ifNull(cost_usd, 0)), 12) AS costUsd,
        countIf(cost_usd IS NULL) AS unknownCost
    FROM calls FINAL
    WHERE ${sql}
      AND has({policies: Array(String)}, resolved_policy)
    GROUP BY policy`,
    { ...params, policies: budgets.map(({ policy }) => policy) },
  );
  return new Map(spentRowSchema.parse(rows).map(({ policy, ...sum }) => [policy, sum]));
}

const stretchRowSchema = z.array(z.object({ policy: z.string(), back: z.coerce.number(), cost: usdSchema }));

/** Known spend by policy in equal stretches that end now, oldest first. */
async function stretchesOf(
  store: Store,
  budgets: readonly WatchedBudget[],
  endUs: number,
  count: number,
  lengthUs: number,
): Promise<Map<string, bigint[]>> {
  const { sql, params } = callsIn({}, { fromUs: endUs - count * lengthUs, toUs: endUs });
  const rows = await store.rows(
    `
    SELECT
        resolved_policy AS policy,
        intDiv({endUs: Int64} - toUnixTimestamp64Micro(start_time) - 1, {lengthUs: Int64}) AS back,
        toDecimalString(sum(ifNull(cost_usd, 0)), 12) AS cost
    FROM calls FINAL
    WHERE ${sql}
      AND has({policies: Array(String)}, resolved_policy)
    GROUP BY policy, back`,
    { ...params, endUs, lengthUs, policies: budgets.map(({ policy }) => policy) },
  );
  const byPolicy = new Map<string, bigint[]>();
  for (const { policy, back, cost } of stretchRowSchema.parse(rows)) {
    const costs = byPolicy.get(policy) ?? Array.from({ length: count }, () => 0n);
    costs[count - 1 - back] = parseUsd(cost) ?? 0n;
    byPolicy.set(policy, costs);
  }
  return byPolicy;
}
