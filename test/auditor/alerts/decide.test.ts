import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dollarText, percentText } from '../../../auditor/alerts/alert.js';
import { budgetForecast } from '../../../auditor/alerts/budget-forecast.js';
import { budgetThresholds } from '../../../auditor/alerts/budget-thresholds.js';
import { deliveryState, dueAttempt } from '../../../auditor/alerts/delivery-state.js';
import { gateLost } from '../../../auditor/alerts/gate-lost.js';
import { median, robustZ } from '../../../auditor/alerts/robust-z.js';
import { scoreDrop } from '../../../auditor/alerts/score-drop.js';
import { unattributedSpend } from '../../../auditor/alerts/unattributed-spend.js';
import { unusualSpend } from '../../../auditor/alerts/unusual-spend.js';
import { formatUsd, PICO_PER_USD } from '../../../auditor/cost/usd.js';
import { isoMicros, parseIsoUs } from '../../../auditor/iso-micros.js';
import { budgetAt } from '../../../auditor/policy/budget-state.js';
import { judgeGate } from '../../../auditor/score/gate.js';
import type { Scope } from '../../../schemas/gate.js';
import { contract } from '../../support/contract.js';
import { tally, usd } from '../../support/tally.js';

const DAY_US = 86_400_000_000;
/** 2026-11-11 12:00 UTC. */
const NOW_US = Date.UTC(2026, 10, 11, 12) * 1_000;
const window = { fromUs: NOW_US - DAY_US, toUs: NOW_US };

function budget(spent: bigint, days: readonly bigint[] = [], nowUs = NOW_US) {
  return budgetAt(
    nowUs,
    { policy: 'pro', limitPico: 100n * PICO_PER_USD, per: 'month', alerts: [0.5, 0.8, 1] },
    { calls: 1, costUsd: formatUsd(spent), unknownCost: 2 },
    { endUs: nowUs, lengthUs: DAY_US, costsPico: days },
  );
}
const dollars = (amount: number): bigint => BigInt(Math.round(amount * 100)) * (PICO_PER_USD / 100n);

describe('budget thresholds', () => {
  it('are told of one by one, under an id of policy, threshold and period', () => {
    expect(budgetThresholds(NOW_US, budget(dollars(49.99)))).toEqual([]);
    const alerts = budgetThresholds(NOW_US, budget(dollars(85)));
    expect(alerts.map(({ id }) => decodeURIComponent(id))).toEqual([
      'budget-threshold/pro/0.5/month/2026-11-01T00:00:00.000000Z',
      'budget-threshold/pro/0.8/month/2026-11-01T00:00:00.000000Z',
    ]);
    expect(alerts[1]).toMatchObject({
      scope: { policy: 'pro' },
      message: 'Policy pro has spent 85 % of its $100.00 for this month, which is past 80 %.',
      observed: '$85.00, 85 %, and 2 calls of unknown cost',
      expected: 'under $80.00, 80 % of $100.00 a month',
    });
  });

  it('have another id in the next period', () => {
    const [november] = budgetThresholds(NOW_US, budget(dollars(60)));
    const [december] = budgetThresholds(NOW_US, budget(dollars(60), [], NOW_US + 20 * DAY_US));
    expect(november?.id).not.toBe(december?.id);
  });
});

describe('a forecast', () => {
  it('is told of where the limit is expected to be reached, and enough was seen', () => {
    const even = (days: number) => Array.from({ length: days }, () => dollars(5));
    expect(budgetForecast(NOW_US, budget(dollars(50), even(10)))).toMatchObject([
      { message: expect.stringContaining('is expected to reach its $100.00 for this month at 2026-11-21 12:00 UTC') },
    ]);
    expect(budgetForecast(NOW_US, budget(dollars(50), even(2)))).toEqual([]);
    expect(budgetForecast(NOW_US, budget(dollars(1), even(10)))).toEqual([]);
    expect(budgetForecast(NOW_US, budget(dollars(100), even(10)))).toEqual([]);
  });
});

describe('unattributed spend', () => {
  it('is told of once a day, where its share is over the limit', () => {
    const sums = { spendUsd: usd(100), unattributedUsd: usd(6) };
    expect(unattributedSpend(NOW_US, window, sums, 0.06)).toEqual([]);
    expect(unattributedSpend(NOW_US, window, sums, 0.05)).toMatchObject([
      { id: 'unattributed-spend/2026-11-11', observed: '$6.00, 6 % of $100.00' },
    ]);
    expect(unattributedSpend(NOW_US, window, { spendUsd: usd(0), unattributedUsd: usd(0) }, 0)).toEqual([]);
  });
});

describe('the score', () => {
  it('is told of where it fell by so many points', () => {
    expect(scoreDrop(NOW_US, window, { before: 90, now: 85 }, 5)).toMatchObject([{ id: 'score-drop/2026-11-11' }]);
    expect(scoreDrop(NOW_US, window, { before: 90, now: 85.1 }, 5)).toEqual([]);
    expect(scoreDrop(NOW_US, window, { before: 80, now: 95 }, 5)).toEqual([]);
    expect(scoreDrop(NOW_US, window, { before: null, now: 0 }, 5)).toEqual([]);
    expect(scoreDrop(NOW_US, window, { before: 90, now: null }, 5)).toEqual([]);
  });
});

describe('the gate', () => {
  const thresholds = { ...contract().source.gate, calls: 10, days: 1 };
  const answer = (enforceable: number, scope: Scope = { tenant: 'acme' }) =>
    judgeGate(
      {
        scope,
        from: '2026-11-04T12:00:00.000Z',
        to: '2026-11-11T12:00:00.000Z',
        window: tally(5_000, enforceable),
        days: [tally(5_000, enforceable)],
        gaps: [],
        deadPolicies: [],
        ambiguousCalls: 0,
      },
      thresholds,
    );

  it('is told of once for each time that it was ready, with its first reason', () => {
    const ready = '2026-11-10T00:00:00.000000Z';
    const [alert, ...others] = gateLost(NOW_US, answer(2_500), ready);
    expect(others).toEqual([]);
    expect(decodeURIComponent(alert?.id ?? '')).toBe(`gate-lost/tenant=acme/${ready}`);
    expect(alert?.message).toMatch(
      /^The gate of tenant acme was ready and is no longer\. 50 % of spend is enforceable/,
    );
    expect(gateLost(NOW_US, answer(5_000), ready)).toEqual([]);
    expect(gateLost(NOW_US, answer(2_500), null)).toEqual([]);
  });
});

describe('robust z', () => {
  it('is what the formula gives, and one outlier before does not move it', () => {
    const usual = [10, 11, 9, 10, 12, 8, 10];
    expect(median(usual)).toBe(10);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(robustZ(15, usual)).toBeCloseTo(0.6745 * 5, 3);
    expect(robustZ(15, [...usual, 5_000])).toBeLessThan(2 * robustZ(15, usual));
    expect(robustZ(15, [...usual, 5_000])).toBeGreaterThan(2);
  });

  it('takes the mean deviation where the median of them is zero, and is infinite where nothing ever moved', () => {
    expect(robustZ(20, [10, 10, 10, 10, 14])).toBeCloseTo((0.797884560802865 * 10) / 0.8, 9);
    expect(robustZ(10, [10, 10, 10])).toBe(0);
    expect(robustZ(11, [10, 10, 10])).toBe(Infinity);
    expect(robustZ(9, [10, 10, 10])).toBe(-Infinity);
  });

  it('does not change where all amounts are moved or scaled', () => {
    const amounts = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1_000 }),
        amounts,
        fc.integer({ min: 1, max: 64 }),
        (value, usual, factor) => {
          const z = robustZ(value, usual);
          const moved = robustZ(
            value * factor + 7,
            usual.map((one) => one * factor + 7),
          );
          expect(moved === z || Math.abs(moved - z) < 1e-9 * Math.max(1, Math.abs(z))).toBe(true);
        },
      ),
    );
  });
});

describe("a day's spend", () => {
  const today = Math.floor(NOW_US / DAY_US) * DAY_US;
  const spend = (amounts: readonly number[], scope: Scope = {}) => ({
    scope,
    byDay: new Map(amounts.map((amount, back) => [today - back * DAY_US, dollars(amount)])),
  });
  const settings = { z: 3.5, days: 28 };
  const usual = [10, 11, 9, 10, 12, 8, 10, 11, 9, 10];

  it('is told of where it is far from the days before: yesterday either way, today once it is far above', () => {
    expect(unusualSpend(NOW_US, spend([4, ...usual]), settings)).toEqual([]);
    expect(unusualSpend(NOW_US, spend([40, ...usual], { tenant: 'acme' }), settings)).toMatchObject([
      {
        id: 'unusual-spend/tenant%3Dacme/2026-11-11',
        observed: '$40.00 on 2026-11-11',
        message: expect.stringContaining('far above the usual $10.00 a day'),
      },
    ]);
    expect(unusualSpend(NOW_US, spend([0, 0, ...usual]), settings)).toMatchObject([
      { id: 'unusual-spend/2026-11-10', message: expect.stringContaining('far below') },
    ]);
  });

  it('is not judged by less than a week, nor by days before the first spend', () => {
    expect(unusualSpend(NOW_US, spend([500, 10, 11, 9, 10, 12, 8]), settings)).toEqual([]);
    expect(unusualSpend(NOW_US, spend([500, 10, 11, 9, 10, 12, 8, 10]), settings)).toHaveLength(1);
  });
});

describe('a delivery', () => {
  const at = (seconds: number): string => isoMicros(NOW_US + seconds * 1_000_000);
  const now = (seconds: number): number => NOW_US + seconds * 1_000_000;

  it('is tried at once, then later and later, and given up in the end', () => {
    expect(dueAttempt(null, NOW_US, NOW_US)).toBe(1);
    const failed = (attempts: number) => ({ attempts, state: 'failed' as const, updatedAt: at(0) });
    for (const [attempts, waitS] of [
      [1, 5],
      [2, 10],
      [5, 80],
      [10, 2_560],
      [11, 3_600],
      [14, 3_600],
    ] as const) {
      expect(dueAttempt(failed(attempts), NOW_US, now(waitS - 0.001)), `${attempts}`).toBeNull();
      expect(dueAttempt(failed(attempts), NOW_US, now(waitS)), `${attempts}`).toBe(attempts + 1);
    }
    expect(dueAttempt(failed(15), NOW_US, now(99_999))).toBeNull();
    expect(deliveryState(failed(15), NOW_US, now(0))).toBe('gave-up');
    expect(deliveryState(failed(14), NOW_US, now(0))).toBe('pending');
  });

  it('is tried again where nobody said what came of it, and never once it arrived', () => {
    const sending = { attempts: 1, state: 'sending' as const, updatedAt: at(0) };
    expect(dueAttempt(sending, NOW_US, now(59))).toBeNull();
    expect(dueAttempt(sending, NOW_US, now(60))).toBe(2);
    expect(dueAttempt({ ...sending, state: 'delivered' }, NOW_US, now(9_999))).toBeNull();
    expect(deliveryState(null, NOW_US, now(3 * 86_400))).toBe('gave-up');
  });
});

describe('words', () => {
  it('never say more than was seen', () => {
    expect(percentText(0.99996)).toBe('99.9 %');
    expect(percentText(0.57)).toBe('57 %');
    expect([dollarText(usd(3)), dollarText('0.000034999999'), dollarText('0.000000000000')]).toEqual([
      '$3.00',
      '$0.000035',
      '$0.00',
    ]);
  });

  it('of a moment can be read back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e15 }), (us) => {
        expect(parseIsoUs(isoMicros(us))).toBe(us);
      }),
    );
    expect(parseIsoUs('2026-11-11T12:00:00.5Z')).toBe(NOW_US + 500_000);
    expect(parseIsoUs('2026-11-11T12:00:00Z')).toBe(NOW_US);
  });
});
