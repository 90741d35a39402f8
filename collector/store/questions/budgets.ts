import * as z from 'zod';
import { formatUsd, parseUsd } from '../../../auditor/cost/usd.js';
import type { WatchedBudget } from '../../../auditor/policy/budget-state.js';
import { budgetAt } from '../../../auditor/policy/budget-state.js';
import { periodAt } from '../../../auditor/policy/budget-period.js';
import { budgetsOf } from '../../../auditor/policy/simulate.js';
import { usdSchema } from '../../../schemas/audit.js';
import type { Budget } from '../../../schemas/budget.js';
import type { Contract } from '../../../schemas/contract.js';
import type { BudgetPeriod, SimulatedSum } from '../../../schemas/simulation.js';
import type { Store } from '../client.js';
import type { Window } from './scope.js';
import { callsIn, DAY_BY_DAY, DAY_US } from './scope.js';

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
  if (budgets.length === 0) return [];
  const asked = budgets.map((budget) => ({ budget, ...stretchesFor(budget.per, windowUs) }));
  const found = await spendOf(store, asked, nowUs);
  return asked.map(({ budget, count, lengthUs }) => {
    const { spent, byBack } = found.get(budget.policy) ?? { spent: NOTHING_SPENT, byBack: new Map<number, bigint>() };
    const costsPico = Array.from({ length: count }, (_, i) => byBack.get(count - 1 - i) ?? 0n);
    return budgetAt(nowUs, budget, spent, { endUs: nowUs, lengthUs, costsPico });
  });
}

function stretchesFor(per: BudgetPeriod, windowUs?: number): { count: number; lengthUs: number } {
  if (windowUs === undefined) return STRETCHES[per];
  return { count: ASKED_STRETCHES, lengthUs: Math.max(1, Math.floor(windowUs / ASKED_STRETCHES)) };
}

interface AskedBudget {
  readonly budget: WatchedBudget;
  readonly count: number;
  readonly lengthUs: number;
}

interface FoundSpend {
  /** In the period that runs now. */
  readonly spent: SimulatedSum;
  /** Known spend by stretch, counted back from now. */
  readonly byBack: Map<number, bigint>;
}

const foundRowSchema = z.array(
  z.object({
    policy: z.string(),
    back: z.coerce.number(),
    cost: usdSchema,
    calls: z.coerce.number(),
    spent: usdSchema,
    unknownCost: z.coerce.number(),
  }),
);

/** What each budget has spent in its period, and in stretches of time before now: all in one pass over the calls. */
async function spendOf(store: Store, asked: readonly AskedBudget[], nowUs: number): Promise<Map<string, FoundSpend>> {
  const periodFromUs = asked.map(({ budget }) => periodAt(nowUs, budget.per).fromUs);
  const fromUs = asked.map(({ count, lengthUs }, i) => Math.min(periodFromUs[i] ?? nowUs, nowUs - count * lengthUs));
  const { sql, params } = callsIn({}, { fromUs: Math.min(...fromUs), toUs: nowUs });
  const rows = await store.rows(
    `
    WITH
        indexOf({policies: Array(String)}, resolved_policy) AS i,
        toUnixTimestamp64Micro(start_time) AS at,
        at >= {periodFromUs: Array(Int64)}[i] AS in_period
    SELECT
        resolved_policy AS policy,
        -- What is older than the stretches that are asked for is put together.
        least(intDiv({nowUs: Int64} - at - 1, {lengthUs: Array(Int64)}[i]), {count: Array(Int64)}[i]) AS back,
        toDecimalString(sum(ifNull(cost_usd, 0)), 12) AS cost,
        countIf(in_period) AS calls,
        toDecimalString(sumIf(ifNull(cost_usd, 0), in_period), 12) AS spent,
        countIf(in_period AND cost_usd IS NULL) AS unknownCost
    FROM calls FINAL
    WHERE ${sql}
      AND has({policies: Array(String)}, resolved_policy)
      AND at >= {eachFromUs: Array(Int64)}[i]
    GROUP BY policy, back
    ${DAY_BY_DAY}`,
    {
      ...params,
      nowUs,
      periodFromUs,
      eachFromUs: fromUs,
      policies: asked.map(({ budget }) => budget.policy),
      lengthUs: asked.map(({ lengthUs }) => lengthUs),
      count: asked.map(({ count }) => count),
    },
  );
  const found = new Map<string, FoundSpend>();
  for (const { policy, back, cost, calls, spent, unknownCost } of foundRowSchema.parse(rows)) {
    const { spent: before, byBack } = found.get(policy) ?? { spent: NOTHING_SPENT, byBack: new Map<number, bigint>() };
    const costUsd = formatUsd((parseUsd(before.costUsd) ?? 0n) + (parseUsd(spent) ?? 0n));
    found.set(policy, {
      spent: { calls: before.calls + calls, costUsd, unknownCost: before.unknownCost + unknownCost },
      byBack: byBack.set(back, parseUsd(cost) ?? 0n),
    });
  }
  return found;
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
    GROUP BY policy
    ${DAY_BY_DAY}`,
    { ...params, policies: budgets.map(({ policy }) => policy) },
  );
  return new Map(spentRowSchema.parse(rows).map(({ policy, ...sum }) => [policy, sum]));
}
