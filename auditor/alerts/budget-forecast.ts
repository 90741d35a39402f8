import type { Alert } from '../../schemas/alert.js';
import type { Budget } from '../../schemas/budget.js';
import { parseIsoUs } from '../iso-micros.js';
import { alertOf, dollarText } from './alert.js';

/** Fewer stretches say too little to wake somebody. */
const FEWEST_STRETCHES = 3;

/** Whether a budget is expected to run out before its period ends; once a policy and period. */
export function budgetForecast(nowUs: number, budget: Budget): Alert[] {
  const { policy, per, from, to, limitUsd, outlook, forecast } = budget;
  if (outlook !== 'runs-out' || forecast === null || forecast.runsOutAt === null) return [];
  if (forecast.stretches < FEWEST_STRETCHES) return [];
  const when = minuteOf(forecast.runsOutAt);
  const latest = forecast.latest === null ? 'or not at all' : `and ${minuteOf(forecast.latest)}`;
  const interval = forecast.earliest === null ? '' : ` (95 %: between ${minuteOf(forecast.earliest)} ${latest})`;
  return [
    alertOf(
      nowUs,
      { fromUs: parseIsoUs(from), toUs: parseIsoUs(to) },
      {
        kind: 'budget-forecast',
        about: [policy, per, from],
        scope: { policy },
        observed: `${dollarText(budget.spent.costUsd)} so far, at ${dollarText(forecast.usdPerDay)} a day`,
        expected: `at most ${dollarText(limitUsd)} until ${minuteOf(to)}`,
        message: `Policy ${policy} is expected to reach its ${dollarText(limitUsd)} for this ${per} at ${when}${interval}.`,
      },
    ),
  ];
}

function minuteOf(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;
}
