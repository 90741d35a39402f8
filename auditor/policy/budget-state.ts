import type { Budget, Forecast, Outlook } from '../../schemas/budget.js';
import type { SimulatedSum } from '../../schemas/simulation.js';
import { divideRounded, formatUsd, parseUsd, PICO_PER_USD } from '../cost/usd.js';
import { isoMicros } from '../iso-micros.js';
import type { PeriodBounds } from './budget-period.js';
import { periodAt } from './budget-period.js';
import type { SpendStretches } from './forecast.js';
import { forecastOf } from './forecast.js';
import type { Budget as BudgetLimit } from './simulated-budget.js';

/** A policy that has a limit, with the shares of it at which to warn. */
export interface WatchedBudget extends BudgetLimit {
  readonly alerts: readonly number[];
}

/**
 * The state of a budget in the calendar period that holds a moment.
 *
 * @param spent the calls of that period that resolved to the policy
 * @param stretches spend to forecast from
 */
export function budgetAt(
  nowUs: number,
  { policy, limitPico, per, alerts }: WatchedBudget,
  spent: SimulatedSum,
  stretches: SpendStretches,
): Budget {
  const period = periodAt(nowUs, per);
  const spentPico = parseUsd(spent.costUsd) ?? 0n;
  const forecast = forecastOf({ period, limitPico, spentPico }, stretches);
  return {
    policy,
    per,
    from: isoMicros(period.fromUs),
    to: isoMicros(period.toUs),
    limitUsd: formatUsd(limitPico),
    spent,
    remainingUsd: formatUsd(spentPico < limitPico ? limitPico - spentPico : 0n),
    share: shareOf(spentPico, limitPico),
    thresholds: alerts
      .toSorted((a, b) => a - b)
      .map((share) => {
        const pico = thresholdPico(limitPico, share);
        return { share, usd: formatUsd(pico), isCrossed: spentPico >= pico };
      }),
    outlook: outlookOf(spentPico, limitPico, forecast),
    forecast,
  };
}

/** A threshold in 1e-12 dollars, exactly: shares are decimals of a person, such as 0.8. */
export function thresholdPico(limitPico: bigint, share: number): bigint {
  const sharePico = parseUsd(String(share)) ?? 0n;
  return divideRounded(limitPico * sharePico, PICO_PER_USD);
}

function shareOf(spentPico: bigint, limitPico: bigint): number {
  // A limit under the smallest unit is zero: nothing may be spent, and any amount is all of it.
  return limitPico === 0n ? 1 : Number(spentPico) / Number(limitPico);
}

function outlookOf(spentPico: bigint, limitPico: bigint, forecast: Forecast | null): Outlook {
  if (spentPico >= limitPico) return 'exhausted';
  if (forecast === null) return 'unknown';
  if (forecast.runsOutAt !== null) return 'runs-out';
  if (forecast.earliest !== null) return 'may-run-out';
  return forecast.atPeriodEndUsd.upper === null ? 'unknown' : 'lasts';
}

/** The period before the one that holds a moment: calls of its last minutes may only now be audited. */
export function periodBefore(nowUs: number, per: BudgetLimit['per']): PeriodBounds {
  return periodAt(periodAt(nowUs, per).fromUs - 1, per);
}
