import { scopeWords } from '../../auditor/alerts/alert.js';
import { budgetForecast } from '../../auditor/alerts/budget-forecast.js';
import { budgetThresholds } from '../../auditor/alerts/budget-thresholds.js';
import { gateLost } from '../../auditor/alerts/gate-lost.js';
import { scoreDrop } from '../../auditor/alerts/score-drop.js';
import { unattributedSpend } from '../../auditor/alerts/unattributed-spend.js';
import { unusualSpend } from '../../auditor/alerts/unusual-spend.js';
import { budgetAt, periodBefore } from '../../auditor/policy/budget-state.js';
import { scoreOf } from '../../auditor/score/score.js';
import type { Alert } from '../../schemas/alert.js';
import type { Contract } from '../../schemas/contract.js';
import type { Store } from '../store/client.js';
import { budgetStates, NOTHING_SPENT, spentIn, watchedBudgets } from '../store/questions/budgets.js';
import { dailySpend, unattributedIn } from '../store/questions/daily-spend.js';
import { askGate, durationUs, keepAnswer, lastAnswer } from '../store/questions/gate.js';
import { DAY_US } from '../store/questions/scope.js';
import { tallyCalls } from '../store/questions/tally.js';
import type { AlertMetrics } from './metrics.js';

/** What alerts are decided from. */
export interface Watched {
  readonly store: Store;
  readonly contract: Contract;
  readonly metrics: AlertMetrics;
  /** The present, microseconds since 1970. */
  readonly nowUs: number;
}

/** Calls of the last minutes of a period are audited in the next one: for so long the one before is looked at too. */
const LOOK_BACK_US = 3_600_000_000;

/** The thresholds that budgets have crossed, and those that are expected to run out. */
export async function watchBudgets({ store, contract, metrics, nowUs }: Watched): Promise<Alert[]> {
  const budgets = watchedBudgets(contract);
  if (budgets.length === 0) return [];
  const states = await budgetStates(store, budgets, nowUs);
  metrics.budgets(states);
  const late = budgets.filter(({ per }) => nowUs - periodBefore(nowUs, per).toUs < LOOK_BACK_US);
  const before = await Promise.all(
    late.map(async (budget) => {
      const period = periodBefore(nowUs, budget.per);
      const spent = (await spentIn(store, [budget], period)).get(budget.policy) ?? NOTHING_SPENT;
      return budgetAt(period.toUs - 1, budget, spent, { endUs: period.toUs, lengthUs: 1, costsPico: [] });
    }),
  );
  return [
    ...[...before, ...states].flatMap((state) => budgetThresholds(nowUs, state)),
    ...(contract.alerts.forecast ? states.flatMap((state) => budgetForecast(nowUs, state)) : []),
  ];
}

/** Everything that changes slowly: quality of attribution, the gate, and the spend of whole days. */
export async function watchQuality(watched: Watched): Promise<Alert[]> {
  const found = await Promise.all([
    watchUnattributed(watched),
    watchScore(watched),
    watchGate(watched),
    watchDays(watched),
  ]);
  return found.flat();
}

async function watchUnattributed({ store, contract, metrics, nowUs }: Watched): Promise<Alert[]> {
  const settings = contract.alerts.unattributedSpend;
  const window = { fromUs: nowUs - durationUs(settings?.window ?? '24h'), toUs: nowUs };
  const sums = await unattributedIn(store, window);
  metrics.unattributed(Number(sums.unattributedUsd) / Number(sums.spendUsd));
  return settings === undefined ? [] : unattributedSpend(nowUs, window, sums, settings.over);
}

async function watchScore({ store, contract, metrics, nowUs }: Watched): Promise<Alert[]> {
  const settings = contract.alerts.scoreDrop;
  const lengthUs = durationUs(settings?.window ?? contract.gate.window);
  const scoreBack = async (windows: number): Promise<number | null> => {
    const toUs = nowUs - windows * lengthUs;
    return scoreOf(await tallyCalls(store, {}, { fromUs: toUs - lengthUs, toUs })).score;
  };
  const now = await scoreBack(0);
  metrics.score(now);
  if (settings === undefined) return [];
  const before = await scoreBack(1);
  return scoreDrop(nowUs, { fromUs: nowUs - lengthUs, toUs: nowUs }, { before, now }, settings.points);
}

/** Of the answers only those are kept that differ from the one before: the history tells of turns, not of minutes. */
async function watchGate({ store, contract, metrics, nowUs }: Watched): Promise<Alert[]> {
  const alerts: Alert[] = [];
  for (const scope of contract.alerts.gateLost?.scopes ?? []) {
    const answer = await askGate(store, contract, scope, nowUs, contract.gate.window, false);
    const last = await lastAnswer(store, scope);
    metrics.gate(scopeWords(scope).words, answer.answer);
    alerts.push(...gateLost(nowUs, answer, last.readyAt));
    if (answer.answer !== last.answer) await keepAnswer(store, answer, nowUs);
  }
  return alerts;
}

async function watchDays({ store, contract, nowUs }: Watched): Promise<Alert[]> {
  const settings = contract.alerts.unusualSpend;
  if (settings === undefined) return [];
  // Yesterday is held against as many days as today.
  const fromUs = Math.floor(nowUs / DAY_US) * DAY_US - (settings.days + 1) * DAY_US;
  const all = await dailySpend(store, settings.by, { fromUs, toUs: nowUs });
  return all.flatMap((one) => unusualSpend(nowUs, one, settings));
}
