/** Two-sided 95 % quantile of the standard normal distribution. */
export const Z95 = 1.959963984540054;

export interface Interval {
  readonly lower: number;
  readonly upper: number;
}

/**
 * Wilson's score interval for a share, at 95 %.
 *
 * (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n), E. B. Wilson, "Probable inference", JASA 22 (1927).
 *
 * @param share observed share, 0 to 1
 * @param n sample size, whole or effective; with none, nothing is known: 0 to 1
 */
export function wilson(share: number, n: number): Interval {
  if (!(n > 0)) return { lower: 0, upper: 1 };
  const p = Math.min(1, Math.max(0, share));
  const zz = Z95 * Z95;
  const middle = p + zz / (2 * n);
  const margin = Z95 * Math.sqrt((p * (1 - p)) / n + zz / (4 * n * n));
  const scale = 1 + zz / n;
  // At the ends the root cancels exactly in theory; rounding must not leave 1e-17 where 0 or 1 is meant.
  return {
    lower: p === 0 ? 0 : Math.max(0, (middle - margin) / scale),
    upper: p === 1 ? 1 : Math.min(1, (middle + margin) / scale),
  };
}

/**
 * Kish's effective sample size of weighted calls, (Σw)²/Σw²: as many equal calls would say as much.
 * L. Kish, "Survey Sampling" (1965), §11.7.
 */
export function effectiveSize(weight: number, weightSquared: number): number {
  return weightSquared > 0 ? (weight * weight) / weightSquared : 0;
}
