/** Makes the median absolute deviation of normal values their standard deviation: Φ⁻¹(3/4). */
const NORMAL_MAD = 0.674489750196082;
/** The same for the mean absolute deviation: √(2/π). */
const NORMAL_MEAN_AD = 0.797884560802865;

/**
 * How far a value is from those before, in deviations that a few outliers do not stretch: 0.6745·(x − median)/MAD
 * (B. Iglewicz, D. C. Hoaglin, "How to Detect and Handle Outliers", 1993). Where more than half of the values are the
 * same, MAD is zero, and the mean absolute deviation stands in; where all are the same, any other is infinitely far.
 *
 * @param usual at least one value
 */
export function robustZ(value: number, usual: readonly number[]): number {
  const middle = median(usual);
  const deviations = usual.map((one) => Math.abs(one - middle));
  const distance = value - middle;
  if (distance === 0) return 0;
  const mad = median(deviations);
  if (mad > 0) return (NORMAL_MAD * distance) / mad;
  const mean = deviations.reduce((sum, one) => sum + one, 0) / deviations.length;
  return mean > 0 ? (NORMAL_MEAN_AD * distance) / mean : Math.sign(distance) * Infinity;
}

/** The middle value; of an even number the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}
