import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatUsd, parseUsd, PICO_PER_USD } from '../../../auditor/cost/usd.js';
import { budgetAt, periodBefore } from '../../../auditor/policy/budget-state.js';
import { periodAt } from '../../../auditor/policy/budget-period.js';
import { student95 } from '../../../auditor/policy/student.js';
import type { Budget } from '../../../schemas/budget.js';
import { budgetSchema } from '../../../schemas/budget.js';

const HOUR_US = 3_600_000_000;
const DAY_US = 24 * HOUR_US;
/** 2026-11-11 12:00 UTC: ten and a half days into a month of thirty. */
const NOW_US = Date.UTC(2026, 10, 11, 12) * 1_000;
const LEFT = 19.5;

interface Case {
  readonly spent: bigint;
  readonly limit: bigint;
  /** A day each, oldest first. */
  readonly days: readonly bigint[];
  readonly alerts?: readonly number[];
}

function budget({ spent, limit, days, alerts = [] }: Case): Budget {
  const watched = { policy: 'pro', limitPico: limit, per: 'month', alerts } as const;
  const sum = { calls: 1, costUsd: formatUsd(spent), unknownCost: 0 };
  const state = budgetAt(NOW_US, watched, sum, { endUs: NOW_US, lengthUs: DAY_US, costsPico: days });
  return budgetSchema.parse(state);
}

const usd = (amount: number): bigint => BigInt(amount) * PICO_PER_USD;
const daysAhead = (time: string | null | undefined): number | null =>
  time === null || time === undefined ? null : (Date.parse(time) * 1_000 - NOW_US) / DAY_US;

const amount = fc.bigInt({ min: 0n, max: usd(1_000) });
const positive = fc.bigInt({ min: 1n, max: usd(1_000) });
const cases = fc.record({ spent: amount, limit: positive, days: fc.array(amount, { maxLength: 28 }) });

describe('a budget', () => {
  it('tells what is spent, what is left and which thresholds are crossed, to the last digit', () => {
    fc.assert(
      fc.property(amount, positive, fc.array(fc.integer({ min: 1, max: 200 })), (spent, limit, percents) => {
        const state = budget({ spent, limit, days: [], alerts: percents.map((one) => one / 100) });
        expect(parseUsd(state.remainingUsd)).toBe(spent > limit ? 0n : limit - spent);
        expect(state.thresholds.map(({ share }) => share)).toEqual(
          percents.toSorted((a, b) => a - b).map((p) => p / 100),
        );
        for (const { share, usd: at, isCrossed } of state.thresholds) {
          const percent = BigInt(Math.round(share * 100));
          expect(parseUsd(at)).toBe((2n * limit * percent + 100n) / 200n);
          expect(isCrossed).toBe(spent >= (parseUsd(at) ?? 0n));
        }
        expect(state.outlook === 'exhausted').toBe(spent >= limit);
      }),
    );
  });

  it('is exactly at a threshold that doubles cannot write', () => {
    const limit = 3n * PICO_PER_USD;
    const spent = parseUsd('0.3') ?? 0n;
    expect(budget({ spent, limit, days: [], alerts: [0.1] }).thresholds[0]?.isCrossed).toBe(true);
    expect(budget({ spent: spent - 1n, limit, days: [], alerts: [0.1] }).thresholds[0]?.isCrossed).toBe(false);
  });

  it('runs in the calendar period of the moment', () => {
    expect(budget({ spent: 0n, limit: 1n, days: [] })).toMatchObject({
      from: '2026-11-01T00:00:00.000000Z',
      to: '2026-12-01T00:00:00.000000Z',
    });
    for (const per of ['hour', 'day', 'week', 'month'] as const)
      expect(periodBefore(NOW_US, per).toUs).toBe(periodAt(NOW_US, per).fromUs);
  });
});

describe('a forecast', () => {
  it('of even spend says the very moment, and its interval is that moment', () => {
    const { forecast, outlook } = budget({ spent: usd(100), limit: usd(150), days: Array<bigint>(10).fill(usd(10)) });
    expect(outlook).toBe('runs-out');
    expect(forecast).toMatchObject({
      stretches: 10,
      usdPerDay: formatUsd(usd(10)),
      runsOutAt: '2026-11-16T12:00:00.000000Z',
    });
    expect(forecast?.earliest).toBe(forecast?.runsOutAt);
    expect(forecast?.latest).toBe(forecast?.runsOutAt);
    expect(forecast?.atPeriodEndUsd.expected).toBe(formatUsd(usd(100) + (usd(10) * 195n) / 10n));
  });

  it('has the bounds that its formula gives', () => {
    const days = [4, 8, 6, 2, 10, 6].map(usd);
    const { forecast } = budget({ spent: usd(0), limit: usd(60), days });
    const [m, s, n, t] = [6, Math.sqrt(8), 6, student95(5) ?? 0];
    const reach = (k: number): number => t * s * Math.sqrt(k + (k * k) / n);
    const earliest = daysAhead(forecast?.earliest) ?? 0;
    expect(daysAhead(forecast?.runsOutAt)).toBeCloseTo(10, 6);
    expect(earliest * m + reach(earliest)).toBeCloseTo(60, 5);
    // At the lower bound the limit is reached after the period has ended.
    expect(LEFT * m - reach(LEFT)).toBeLessThan(60);
    expect(forecast?.latest).toBeNull();
    expect(Number(forecast?.atPeriodEndUsd.upper)).toBeCloseTo(LEFT * m + reach(LEFT), 5);
    const nearer = budget({ spent: usd(0), limit: usd(20), days }).forecast;
    const latest = daysAhead(nearer?.latest) ?? 0;
    expect(latest * m - reach(latest)).toBeCloseTo(20, 5);
  });

  it('keeps its order, and never forgets what is spent', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const { forecast, outlook } = budget(one);
        expect(forecast === null).toBe(one.days.every((day) => day === 0n));
        if (forecast === null) return;
        const at = (text: string | null): bigint | null => (text === null ? null : parseUsd(text));
        const { expected, lower, upper } = forecast.atPeriodEndUsd;
        expect(at(expected)).toBeGreaterThanOrEqual(one.spent);
        if (lower !== null && upper !== null) {
          expect(at(lower)).toBeGreaterThanOrEqual(one.spent);
          expect(at(lower)).toBeLessThanOrEqual(at(expected) ?? 0n);
          expect(at(upper)).toBeGreaterThanOrEqual(at(expected) ?? 0n);
        }
        const times = [forecast.earliest, forecast.runsOutAt, forecast.latest].filter((time) => time !== null);
        expect(times).toEqual(times.toSorted());
        for (const time of times) expect(time < '2026-12-01' && time >= '2026-11-11T12').toBe(true);
        if (outlook === 'exhausted') expect(times).toEqual([]);
        if (outlook === 'runs-out') expect(forecast.runsOutAt).not.toBeNull();
      }),
    );
  });

  it('says the same of amounts ten times as large', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const { forecast, outlook, share } = budget(one);
        const tenfold = budget({
          spent: one.spent * 10n,
          limit: one.limit * 10n,
          days: one.days.map((day) => day * 10n),
        });
        expect(tenfold).toMatchObject({ outlook, share: expect.closeTo(share, 9) });
        const gap = Math.abs((daysAhead(tenfold.forecast?.runsOutAt) ?? 0) - (daysAhead(forecast?.runsOutAt) ?? 0));
        expect(gap).toBeLessThan(1e-6);
      }),
    );
  });

  it('comes no later where more is spent', () => {
    fc.assert(
      fc.property(cases, fc.bigInt({ min: 1n, max: usd(100) }), (one, more) => {
        fc.pre(one.days.some((day) => day > 0n));
        const before = daysAhead(budget(one).forecast?.runsOutAt);
        const state = budget({ ...one, spent: one.spent + more });
        if (before === null || state.outlook === 'exhausted') return;
        expect(daysAhead(state.forecast?.runsOutAt)).toBeLessThanOrEqual(before + 1e-9);
      }),
    );
  });

  it('goes by no days before the first spend, and gives no interval from one day', () => {
    const late = budget({ spent: usd(10), limit: usd(100), days: [0n, 0n, 0n, usd(10)] });
    expect(late).toMatchObject({
      outlook: 'runs-out',
      forecast: {
        stretches: 1,
        usdPerDay: formatUsd(usd(10)),
        runsOutAt: '2026-11-20T12:00:00.000000Z',
        earliest: null,
      },
    });
    expect(late.forecast?.atPeriodEndUsd).toMatchObject({ lower: null, upper: null });
    expect(budget({ spent: 0n, limit: usd(1), days: [0n, 0n] })).toMatchObject({ outlook: 'unknown', forecast: null });
  });
});
