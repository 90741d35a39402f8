import { describe, expect, it } from 'vitest';
import { effectiveSize, wilson } from '../../../auditor/score/wilson.js';

describe('wilson', () => {
  // Hand-computed: z² = 3.8414588; for 8 of 10, (0.8 + 0.19207 ∓ 1.959964·√(0.016 + 0.0096036)) / 1.3841459.
  it('gives the interval of 8 in 10', () => {
    expect(wilson(0.8, 10).lower).toBeCloseTo(0.49016, 4);
    expect(wilson(0.8, 10).upper).toBeCloseTo(0.94332, 4);
  });

  it('for none in n, the upper bound is z² / (n + z²)', () => {
    expect(wilson(0, 100)).toEqual({ lower: 0, upper: expect.closeTo(0.0369935, 6) });
  });

  it('needs 3,838 calls without a misattributed one to show at most 0.1 %', () => {
    expect(wilson(0, 3_837).upper).toBeGreaterThan(0.001);
    expect(wilson(0, 3_838).upper).toBeLessThanOrEqual(0.001);
  });

  it('knows nothing without a sample', () => {
    expect(wilson(0.5, 0)).toEqual({ lower: 0, upper: 1 });
  });
});

describe('effective sample size', () => {
  it('is the number of calls when all weigh the same, and near 1 when one outweighs the rest', () => {
    expect(effectiveSize(10 * 0.5, 10 * 0.25)).toBe(10);
    expect(effectiveSize(1000 + 9, 1_000_000 + 9)).toBeCloseTo(1.018, 3);
    expect(effectiveSize(0, 0)).toBe(0);
  });
});
