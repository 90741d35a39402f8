import type { Estimate, Forecast } from '../../schemas/budget.js';
import { FORECAST_INTERVAL } from '../../schemas/budget.js';
import { divideRounded, formatUsd, PICO_PER_USD } from '../cost/usd.js';
import { isoMicros } from '../iso-micros.js';
import type { PeriodBounds } from './budget-period.js';
import { student95 } from './student.js';

const DAY_US = 86_400_000_000n;

/** Known spend in equal stretches of time that follow each other and end now. */
export interface SpendStretches {
  readonly endUs: number;
  readonly lengthUs: number;
  /** Units of 1e-12 dollars, oldest first. */
  readonly costsPico: readonly bigint[];
}

/** A budget as far as it is spent. */
export interface SpentBudget {
  readonly period: PeriodBounds;
  readonly limitPico: bigint;
  readonly spentPico: bigint;
}

/**
 * Forecasts when a budget runs out, if spend goes on as in the stretches that were seen.
 *
 * Stretches before the first that has spend are left out: a policy that began yesterday has not spent nothing for a
 * month. The interval is `FORECAST_INTERVAL`; solved for k it gives the bounds of the time (Hahn and Meeker,
 * "Statistical Intervals", on sums of future observations; the roots are those of Fieller's theorem). Stretches are
 * taken to be alike and independent: what a launch or a holiday will change it does not know.
 *
 * @returns null where no stretch has spend
 */
export function forecastOf(budget: SpentBudget, stretches: SpendStretches): Forecast | null {
  const first = stretches.costsPico.findIndex((cost) => cost > 0n);
  if (first === -1) return null;
  const seen = stretches.costsPico.slice(first);
  const totalPico = seen.reduce((sum, cost) => sum + cost, 0n);
  const seenUs = BigInt(seen.length * stretches.lengthUs);
  const leftUs = Math.max(0, budget.period.toUs - stretches.endUs);
  const expectedPico = budget.spentPico + divideRounded(totalPico * BigInt(leftUs), seenUs);
  const spread = spreadOf(seen);
  const ahead = leftUs / stretches.lengthUs;
  const remaining = usdOf(budget.limitPico - budget.spentPico);
  const times = remaining > 0 ? timesToSpend(remaining, spread) : { expected: null, earliest: null, latest: null };
  const momentIn = (k: number | null): string | null =>
    k === null || k >= ahead ? null : isoMicros(Math.round(stretches.endUs + k * stretches.lengthUs));
  return {
    from: isoMicros(stretches.endUs - seen.length * stretches.lengthUs),
    to: isoMicros(stretches.endUs),
    stretches: seen.length,
    usdPerDay: formatUsd(divideRounded(totalPico * DAY_US, seenUs)),
    atPeriodEndUsd: estimateAt(ahead, expectedPico, budget.spentPico, spread),
    runsOutAt: momentIn(times.expected),
    earliest: momentIn(times.earliest),
    latest: momentIn(times.latest),
    interval: FORECAST_INTERVAL,
  };
}

/** What stretches of spend are like, in dollars. */
interface Spread {
  readonly n: number;
  readonly mean: number;
  /** t times the standard deviation; null: one stretch alone shows no deviation. */
  readonly reach: number | null;
}

function spreadOf(costsPico: readonly bigint[]): Spread {
  const costs = costsPico.map(usdOf);
  const n = costs.length;
  const mean = costs.reduce((sum, cost) => sum + cost, 0) / n;
  const t = student95(n - 1);
  if (t === null) return { n, mean, reach: null };
  const variance = costs.reduce((sum, cost) => sum + (cost - mean) ** 2, 0) / (n - 1);
  return { n, mean, reach: t * Math.sqrt(variance) };
}

/** Money never comes back, so what is spent bounds the estimate from below. */
function estimateAt(k: number, expectedPico: bigint, spentPico: bigint, { n, reach }: Spread): Estimate {
  const expected = formatUsd(expectedPico);
  if (reach === null) return { expected, lower: null, upper: null };
  const marginPico = BigInt(Math.round(reach * Math.sqrt(k + (k * k) / n) * Number(PICO_PER_USD)));
  const lowerPico = expectedPico - marginPico;
  return {
    expected,
    lower: formatUsd(lowerPico > spentPico ? lowerPico : spentPico),
    upper: formatUsd(expectedPico + marginPico),
  };
}

/**
 * After how many stretches a sum is spent: where k·m = r, and where k·m ± reach·√(k + k²/n) = r. The latter two are the
 * roots of (m² − reach²/n)·k² − (2·r·m + reach²)·k + r² = 0; the greater is none where its first factor is not positive.
 */
function timesToSpend(
  remaining: number,
  { n, mean, reach }: Spread,
): { expected: number | null; earliest: number | null; latest: number | null } {
  const expected = mean > 0 ? remaining / mean : null;
  if (reach === null) return { expected, earliest: null, latest: null };
  const a = mean * mean - (reach * reach) / n;
  const b = 2 * remaining * mean + reach * reach;
  const c = remaining * remaining;
  // By this form of the roots nothing near equal is subtracted: b and the root have the same sign.
  const q = (b + Math.sqrt(Math.max(0, b * b - 4 * a * c))) / 2;
  return { expected, earliest: c / q, latest: a > 0 ? q / a : null };
}

function usdOf(pico: bigint): number {
  return Number(pico) / Number(PICO_PER_USD);
}
