import type { Alert } from '../../schemas/alert.js';
import { isoMicros } from '../iso-micros.js';
import type { PeriodBounds } from '../policy/budget-period.js';
import { periodAt } from '../policy/budget-period.js';
import { alertOf } from './alert.js';

/**
 * Whether the score fell; once a day. Without a score before or now there is nothing to compare.
 *
 * @param points how far it has to fall
 */
export function scoreDrop(
  nowUs: number,
  window: PeriodBounds,
  { before, now }: { readonly before: number | null; readonly now: number | null },
  points: number,
): Alert[] {
  if (before === null || now === null || before - now < points) return [];
  return [
    alertOf(nowUs, window, {
      kind: 'score-drop',
      about: [isoMicros(periodAt(nowUs, 'day').fromUs).slice(0, 10)],
      scope: {},
      observed: `${now.toFixed(1)} of 100, after ${before.toFixed(1)}`,
      expected: `a drop of under ${points} points`,
      message: `The score fell from ${before.toFixed(1)} to ${now.toFixed(1)}: less of the spend could be defended than before.`,
    }),
  ];
}
