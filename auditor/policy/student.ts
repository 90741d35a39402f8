/** Quantiles of Student's t at 0.975, by degrees of freedom from 1; the usual table, to three places. */
const T975 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
] as const;

/**
 * The factor of a two-sided 95 % interval for a mean of few values.
 *
 * @param degrees degrees of freedom; past 30 the value at 30 is taken, which is a little too wide. Null below 1
 */
export function student95(degrees: number): number | null {
  if (degrees < 1) return null;
  return T975[Math.min(degrees, T975.length) - 1] ?? null;
}
