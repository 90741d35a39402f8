import type { Alert } from '../../schemas/alert.js';
import { parseUsd } from '../cost/usd.js';
import { isoMicros } from '../iso-micros.js';
import type { PeriodBounds } from '../policy/budget-period.js';
import { periodAt } from '../policy/budget-period.js';
import { alertOf, dollarText, percentText } from './alert.js';

/**
 * Whether too much of the known spend of a window is unattributed; once a day.
 *
 * @param over the share from which on it is too much
 */
export function unattributedSpend(
  nowUs: number,
  window: PeriodBounds,
  { spendUsd, unattributedUsd }: { readonly spendUsd: string; readonly unattributedUsd: string },
  over: number,
): Alert[] {
  const spend = Number(parseUsd(spendUsd) ?? 0n);
  const share = spend === 0 ? 0 : Number(parseUsd(unattributedUsd) ?? 0n) / spend;
  if (share <= over) return [];
  return [
    alertOf(nowUs, window, {
      kind: 'unattributed-spend',
      about: [isoMicros(periodAt(nowUs, 'day').fromUs).slice(0, 10)],
      scope: {},
      observed: `${dollarText(unattributedUsd)}, ${percentText(share)} of ${dollarText(spendUsd)}`,
      expected: `at most ${percentText(over)}`,
      message: `${percentText(share)} of the spend is unattributed: nobody can be asked for ${dollarText(unattributedUsd)}.`,
    }),
  ];
}
