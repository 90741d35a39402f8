import type { Alert } from '../../schemas/alert.js';
import type { Scope } from '../../schemas/gate.js';
import { formatUsd } from '../cost/usd.js';
import { isoMicros } from '../iso-micros.js';
import { alertOf, dollarText, scopeWords } from './alert.js';
import { median, robustZ } from './robust-z.js';

const DAY_US = 86_400_000_000;
/** Fewer days do not show what is usual: a week has weekdays and a weekend. */
const FEWEST_DAYS = 7;

/** Known spend of a scope a day. */
export interface DailySpend {
  readonly scope: Scope;
  /** Units of 1e-12 dollars by the start of the day, microseconds since 1970; a day that is not there had no spend. */
  readonly byDay: ReadonlyMap<number, bigint>;
}

/**
 * The days whose spend is far from that of the days before: yesterday in either direction, and today once it is far
 * above, for it is not over yet. Once a scope and day. Days before the first with spend do not count.
 *
 * @param z the robust z-score from which on a day is unusual
 * @param days how many days before say what is usual
 */
export function unusualSpend(
  nowUs: number,
  { scope, byDay }: DailySpend,
  { z: limit, days }: { readonly z: number; readonly days: number },
): Alert[] {
  const todayUs = Math.floor(nowUs / DAY_US) * DAY_US;
  const firstUs = Math.min(...byDay.keys());
  return [todayUs - DAY_US, todayUs].flatMap((dayUs) => {
    const before = Array.from({ length: days }, (_, i) => dayUs - (i + 1) * DAY_US).filter((one) => one >= firstUs);
    if (before.length < FEWEST_DAYS) return [];
    const pico = byDay.get(dayUs) ?? 0n;
    const usual = before.map((one) => Number(byDay.get(one) ?? 0n));
    const z = robustZ(Number(pico), usual);
    const isFar = dayUs === todayUs ? z >= limit : Math.abs(z) >= limit;
    if (!isFar) return [];
    const { words, about } = scopeWords(scope);
    const [day, middle] = [isoMicros(dayUs).slice(0, 10), formatUsd(BigInt(Math.round(median(usual))))];
    const far = Number.isFinite(z) ? `${Math.abs(z).toFixed(1)} robust deviations` : 'every day before was the same';
    return [
      alertOf(
        nowUs,
        { fromUs: dayUs, toUs: dayUs + DAY_US },
        {
          kind: 'unusual-spend',
          about: [...about, day],
          scope,
          observed: `${dollarText(formatUsd(pico))} on ${day}`,
          expected: `about ${dollarText(middle)}, the median of ${before.length} days before`,
          message: `The spend of ${words} on ${day}, ${dollarText(formatUsd(pico))}, is far ${z > 0 ? 'above' : 'below'} the usual ${dollarText(middle)} a day (${far}).`,
        },
      ),
    ];
  });
}
