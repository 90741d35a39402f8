import { describe, expect, it } from 'vitest';
import { formatUsd } from '../../../auditor/cost/usd.js';
import { isoMicros } from '../../../auditor/iso-micros.js';
import type { BudgetedCall, Reporting } from '../../../auditor/policy/simulated-budget.js';
import { createSimulatedBudget } from '../../../auditor/policy/simulated-budget.js';
import { START_US } from '../../support/trace.js';

const HOUR_US = 3_600_000_000;
const none = { calls: 0, costUsd: formatUsd(0n), unknownCost: 0 };

/** A budget of 10 units an hour; the first hour begins at `START_US`. */
const budget = (reporting: Partial<Reporting> = {}) =>
  createSimulatedBudget({ policy: 'p', limitPico: 10n, per: 'hour' }, { delayUs: 0, inFlight: null, ...reporting });

/** A call of 10 units in the first second of the first hour. */
const call = (change: Partial<BudgetedCall> = {}): BudgetedCall => ({
  startUs: START_US,
  endUs: START_US + 1_000_000,
  costPico: 10n,
  misattributed: false,
  tenant: 'acme',
  isCounted: true,
  ...change,
});

describe('a simulated budget', () => {
  it('is filled by calls before the window, and counts none of them', () => {
    const one = budget();
    const before = { isCounted: false };
    expect(one.add(call({ ...before, costPico: null }))).toBe('unknown-cost');
    expect(one.add(call(before))).toBe('let-through');
    one.addBypass(call(before));
    expect(one.add(call({ ...before, startUs: START_US + 2_000_000 }))).toBe('blocked');
    expect(one.result(START_US + HOUR_US)).toMatchObject({
      letThrough: none,
      blocked: none,
      bypass: none,
      unknownCost: 0,
      periods: 0,
      exhausted: [],
      tenants: [],
    });
  });

  it('counts what it lets through, cannot see or knows no cost of', () => {
    const one = budget();
    one.add(call({ costPico: 4n }));
    one.add(call({ costPico: null }));
    one.addBypass(call({ costPico: 3n }));
    expect(one.result(START_US + HOUR_US)).toMatchObject({
      letThrough: { calls: 1, costUsd: formatUsd(4n) },
      bypass: { calls: 1, costUsd: formatUsd(3n) },
      unknownCost: 1,
      periods: 1,
      exhausted: [],
    });
  });

  it.each([
    ['at the limit', 10n, 0n],
    ['over it', 13n, 3n],
  ])('that ran out %s tells when, and the overshoot', (_, costPico, overshoot) => {
    const one = budget();
    one.add(call({ costPico, misattributed: true }));
    expect(one.result(START_US + HOUR_US).exhausted).toMatchObject([
      {
        from: isoMicros(START_US),
        to: isoMicros(START_US + HOUR_US),
        ranOutAt: isoMicros(START_US + 1_000_000),
        letThroughUsd: formatUsd(costPico),
        overshootUsd: formatUsd(overshoot),
        misattributedUsd: formatUsd(costPico),
      },
    ]);
  });

  it.each([
    ['the end of what is seen', START_US + 1_000_000, START_US + 999_999],
    ['the end of its period', START_US + HOUR_US, START_US + 9 * HOUR_US],
  ])('did not run out by spend that is booked past %s', (_, endUs, untilUs) => {
    for (const [costPico, exhausted] of [
      [10n, []],
      [11n, [{ ranOutAt: null, overshootUsd: formatUsd(1n), misattributedUsd: formatUsd(0n) }]],
    ] as const) {
      const one = budget();
      one.add(call({ endUs, costPico }));
      expect(one.result(untilUs)).toMatchObject({ periods: 1, exhausted });
    }
  });

  it('ran out by spend that is booked in the last microsecond of its period', () => {
    const one = budget();
    one.add(call({ endUs: START_US + HOUR_US - 1 }));
    expect(one.result(START_US + 9 * HOUR_US).exhausted).toMatchObject([
      { ranOutAt: isoMicros(START_US + HOUR_US - 1) },
    ]);
  });

  it('lists a thousand periods in which it ran out, and counts the others', () => {
    const one = budget();
    for (let i = 0; i < 1_002; i += 1) {
      const startUs = START_US + i * HOUR_US;
      one.add(call({ startUs, endUs: startUs, costPico: i === 0 ? 1n : 10n }));
    }
    const { periods, exhausted, exhaustedLeftOut } = one.result(START_US + 2_000 * HOUR_US);
    expect([periods, exhausted.length, exhaustedLeftOut]).toEqual([1_002, 1_000, 1]);
  });

  it('without any calls has no periods', () => {
    expect(budget().result(START_US)).toMatchObject({
      periods: 0,
      exhausted: [],
      limitUsd: formatUsd(10n),
      per: 'hour',
    });
  });
});
