import type { Alert } from '../../schemas/alert.js';
import type { Budget } from '../../schemas/budget.js';
import { parseIsoUs } from '../iso-micros.js';
import { alertOf, dollarText, percentText } from './alert.js';

/** The thresholds that a budget has crossed, one alert each; once a policy, threshold and period. */
export function budgetThresholds(
  nowUs: number,
  budget: Pick<Budget, 'policy' | 'per' | 'from' | 'to' | 'limitUsd' | 'spent' | 'share' | 'thresholds'>,
): Alert[] {
  const { policy, per, from, to, limitUsd, spent, share } = budget;
  const unknown = spent.unknownCost === 0 ? '' : `, and ${spent.unknownCost} calls of unknown cost`;
  return budget.thresholds
    .filter(({ isCrossed }) => isCrossed)
    .map((threshold) =>
      alertOf(
        nowUs,
        { fromUs: parseIsoUs(from), toUs: parseIsoUs(to) },
        {
          kind: 'budget-threshold',
          about: [policy, String(threshold.share), per, from],
          scope: { policy },
          observed: `${dollarText(spent.costUsd)}, ${percentText(share)}${unknown}`,
          expected: `under ${dollarText(threshold.usd)}, ${percentText(threshold.share)} of ${dollarText(limitUsd)} a ${per}`,
          message: `Policy ${policy} has spent ${percentText(share)} of its ${dollarText(limitUsd)} for this ${per}, which is past ${percentText(threshold.share)}.`,
        },
      ),
    );
}
