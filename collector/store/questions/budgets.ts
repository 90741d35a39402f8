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
    number: z.coerce.number(),
    back: z.coerce.number(),
    inPeriod: z.coerce.boolean(),
    calls: z.coerce.number(),
    costUsd: usdSchema,
    unknownCost: z.coerce.number(),
  }),
);

/** What each budget has spent in its period, and in stretches of time before now: one pass over the calls a period. */
async function spendOf(store: Store, asked: readonly AskedBudget[], nowUs: number): Promise<Map<string, FoundSpend>> {
  const periods = [...new Set(asked.map(({ budget }) => budget.per))];
  const found = await Promise.all(
    periods.map((per) =>
      spendPer(
        store,
        asked.filter(({ budget }) => budget.per === per),
        nowUs,
      ),
    ),
  );
  return new Map(found.flatMap((of) => [...of]));
}

/** The same of budgets of one period, whose stretches are alike: so what is asked of each call is the same for all. */
async function spendPer(store: Store, asked: readonly AskedBudget[], nowUs: number): Promise<Map<string, FoundSpend>> {
  const found = new Map<string, FoundSpend>();
  const [first] = asked;
  if (first === undefined) return found;
  const { budget, count, lengthUs } = first;
  const periodFromUs = periodAt(nowUs, budget.per).fromUs;
  const { sql, params } = callsIn({}, { fromUs: Math.min(periodFromUs, nowUs - count * lengthUs), toUs: nowUs });
  const policies = asked.map((one) => one.budget.policy);
  const rows = await store.rows(
    `
    WITH toUnixTimestamp64Micro(start_time) AS at
    SELECT
        number, back, inPeriod,
        count() AS calls,
        toDecimalString(sum(ifNull(cost_usd, 0)), 12) AS costUsd,
        countIf(cost_usd IS NULL) AS unknownCost
    FROM calls FINAL
    WHERE ${sql}
    GROUP BY
        -- By the number of the policy, from 1: it is looked up once for each different policy, and small keys are
        -- grouped by in a third of the time. Calls of no budget are 0.
        toUInt32(transform(resolved_policy, {policies: Array(String)}, {numbers: Array(UInt32)}, 0)) AS number,
        -- What is older than the stretches that are asked for is put together.
        toUInt16(least(intDiv({nowUs: Int64} - at - 1, {lengthUs: Int64}), {count: UInt16})) AS back,
        at >= {periodFromUs: Int64} AS inPeriod
    HAVING number > 0
    ${DAY_BY_DAY}`,
    { ...params, nowUs, periodFromUs, lengthUs, count, policies, numbers: policies.map((_, i) => i + 1) },
  );
  for (const { number, back, inPeriod, ...sum } of foundRowSchema.parse(rows)) {
    const policy = policies[number - 1] ?? '';
    const { spent, byBack } = found.get(policy) ?? { spent: NOTHING_SPENT, byBack: new Map<number, bigint>() };
    byBack.set(back, (byBack.get(back) ?? 0n) + (parseUsd(sum.costUsd) ?? 0n));
    found.set(policy, { spent: inPeriod ? together(spent, sum) : spent, byBack });
  }
  return found;
}

function together(one: SimulatedSum, other: SimulatedSum): SimulatedSum {
  return {
    calls: one.calls + other.calls,
    costUsd: formatUsd((parseUsd(one.costUsd) ?? 0n) + (parseUsd(other.costUsd) ?? 0n)),
    unknownCost: one.unknownCost + other.unknownCost,
  };
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
      AND resolved_policy IN {policies: Array(String)}
    GROUP BY policy
    ${DAY_BY_DAY}`,
    { ...params, policies: budgets.map(({ policy }) => policy) },
  );
  return new Map(spentRowSchema.parse(rows).map(({ policy, ...sum }) => [policy, sum]));
}
