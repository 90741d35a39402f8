import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatUsd, parseUsd } from '../../../auditor/cost/usd.js';
import { periodAt } from '../../../auditor/policy/budget-period.js';
import type { ReplayedCall, SimulationOptions } from '../../../auditor/policy/simulate.js';
import { budgetsOf, startReplay } from '../../../auditor/policy/simulate.js';
import type { SimulatedSum, Simulation } from '../../../schemas/simulation.js';
import { simulationSchema } from '../../../schemas/simulation.js';
import { contract } from '../../support/contract.js';
import { clean, START_US } from '../../support/trace.js';

const SECOND = 1_000_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;

const hourly = contract({
  services: { gateway: { role: 'gateway', enforces: true } },
  policies: [
    { id: 'pro-monthly', match: { tenant: ['acme', 'globex'] }, limit: { usd: 10, per: 'hour' } },
    { id: 'free', match: { tenant: 'initech' } },
  ],
});

/** A call of 4 dollars by acme that starts so many seconds after noon and takes one. */
function call(atSeconds: number, change: Partial<ReplayedCall> & { usd?: string | null } = {}): ReplayedCall {
  const { usd = '4', ...rest } = change;
  const startUs = START_US + atSeconds * SECOND;
  return {
    startUs,
    endUs: startUs + SECOND,
    costPico: usd === null ? null : parseUsd(usd),
    misattributed: false,
    tenant: 'acme',
    enforcementPoint: 'gateway',
    seen: { ...clean },
    origin: { ...clean },
    ...rest,
  };
}

function replay(calls: readonly ReplayedCall[], change: Partial<SimulationOptions> = {}): Simulation {
  const one = startReplay({
    fromUs: START_US,
    toUs: START_US + DAY,
    budgets: budgetsOf(hourly.source, {}),
    contract: hourly,
    delayUs: 0,
    inFlight: null,
    ...change,
  });
  for (const each of calls) one.add(each);
  return simulationSchema.parse(one.result());
}

const sum = (calls: number, usd: string, unknownCost = 0): SimulatedSum => ({
  calls,
  costUsd: formatUsd(parseUsd(usd) ?? 0n),
  unknownCost,
});

const untouched = { missed: sum(0, '0'), overshootUsd: '0.000000000000' };

describe('a simulation', () => {
  it('blocks from the call on at whose start the booked spend has reached the limit', () => {
    const { policies, blocked, letThrough, all } = replay([0, 10, 20, 30, 40].map((at) => call(at)));
    expect({ all, blocked, letThrough }).toEqual({ all: sum(5, '20'), blocked: sum(2, '8'), letThrough: sum(3, '12') });
    expect(policies).toMatchObject([
      {
        policy: 'pro-monthly',
        limitUsd: '10.000000000000',
        periods: 1,
        tenants: [{ tenant: 'acme', blocked: sum(2, '8') }],
        exhausted: [
          {
            from: '2026-11-02T12:00:00.000000Z',
            to: '2026-11-02T13:00:00.000000Z',
            // The third call starts at 12:00:20 and ends a second later.
            ranOutAt: '2026-11-02T12:00:21.000000Z',
            letThroughUsd: '12.000000000000',
            overshootUsd: '2.000000000000',
            blocked: sum(2, '8'),
          },
        ],
      },
    ]);
  });

  it('lets spend through that is reported too late, and begins anew with the next period', () => {
    const calls = [0, 10, 20, 30, 40, 50, 3_600, 3_610].map((at) => call(at));
    // Call three is booked at 21 s + 20 s = 41 s: those at 30 s and 40 s pass, the one at 50 s does not.
    const { policies, blocked } = replay(calls, { delayUs: 20 * SECOND });
    expect(blocked).toEqual(sum(1, '4'));
    expect(policies[0]).toMatchObject({
      periods: 2,
      exhausted: [{ ranOutAt: '2026-11-02T12:00:41.000000Z', overshootUsd: '10.000000000000' }],
    });
  });

  it('takes the oldest call as ended where no more than so many run at a time', () => {
    const long = [0, 1, 2, 3, 4, 5].map((at) => call(at, { endUs: START_US + 600 * SECOND }));
    expect(replay(long).blocked).toEqual(sum(0, '0'));
    // One at a time: 4, 8, 12 dollars are booked as the calls at 1, 2 and 3 s start.
    expect(replay(long, { inFlight: 1 }).blocked).toEqual(sum(3, '12'));
    expect(replay(long, { inFlight: 3 }).blocked).toEqual(sum(1, '4'));
  });

  it('counts blocks of misattributed calls as false, by the tenant at the origin', () => {
    const { policies, falselyBlocked } = replay([
      call(0, { usd: '10' }),
      call(10),
      call(20, { tenant: 'globex', misattributed: true, usd: '1.5' }),
      call(30, { tenant: 'globex', misattributed: true, usd: null }),
    ]);
    expect(falselyBlocked).toEqual(sum(2, '1.5', 1));
    expect(policies[0]?.tenants).toEqual([
      { tenant: 'acme', blocked: sum(1, '4'), falselyBlocked: sum(0, '0'), ...untouched },
      { tenant: 'globex', blocked: sum(2, '1.5', 1), falselyBlocked: sum(2, '1.5', 1), ...untouched },
    ]);
  });

  it('says by tenant what the budget that was meant never counts, and who took it over its limit', () => {
    const nobody = { tenant: null, feature: null, policy: null };
    const { policies } = replay([
      call(0, { usd: '9' }),
      call(1, { usd: '1', seen: nobody }),
      call(2, { usd: '2', seen: nobody, enforcementPoint: null }),
      call(3, { usd: '3', tenant: 'globex', enforcementPoint: null }),
      call(4, { usd: null, tenant: 'globex' }),
      call(5, { usd: '5', tenant: 'initech', seen: nobody, origin: { ...clean, tenant: 'initech', policy: 'free' } }),
      // It is counted, but by a policy without a limit that was told of another tenant.
      call(6, { usd: '6', seen: { tenant: 'initech', feature: 'chat', policy: 'free' } }),
      call(10, { usd: '4', tenant: 'globex' }),
      // The budget is gone by now, so what goes to it by mistake is blocked, and nobody misses it.
      call(20, { usd: '7', origin: nobody }),
    ]);
    expect(policies[0]?.tenants).toMatchObject([
      { tenant: 'acme', blocked: sum(1, '7'), missed: sum(3, '9'), overshootUsd: '0.000000000000' },
      { tenant: 'globex', blocked: sum(0, '0'), missed: sum(2, '3', 1), overshootUsd: '3.000000000000' },
    ]);
  });

  it('says how much spend no block would have reached, and why', () => {
    const without = (name: keyof typeof clean) => ({ ...clean, [name]: null });
    const { escaped, outside, policies, all } = replay([
      call(0, { seen: { tenant: null, feature: null, policy: null }, usd: '1' }),
      call(1, { seen: without('tenant'), usd: '2' }),
      call(2, { seen: { ...clean, policy: 'gold' }, usd: '3' }),
      call(3, { enforcementPoint: null, usd: '100' }),
      call(4, { usd: null }),
      call(5, { seen: { tenant: 'initech', feature: 'chat', policy: 'free' }, usd: '5' }),
      call(6, { seen: { ...clean, policy: 'free' }, usd: '6' }),
    ]);
    expect(escaped).toEqual({
      unattributed: sum(2, '3'),
      unresolved: sum(2, '9'),
      bypass: sum(1, '100'),
      unknownCost: sum(1, '0', 1),
    });
    expect(outside).toEqual(sum(1, '5'));
    expect(all).toEqual(sum(7, '117', 1));
    // What goes round the enforcement point is not in its books: 100 dollars of 10 have run out nothing.
    expect(policies[0]).toMatchObject({ bypass: sum(1, '100'), unknownCost: 1, exhausted: [] });
  });

  it('tells spend of nobody from spend that no policy covers', () => {
    const escapedFor = (tenant: string | null) => {
      const { escaped } = replay([call(0, { seen: { ...clean, tenant, policy: 'gold' } })]);
      return [escaped.unattributed.calls, escaped.unresolved.calls];
    };
    expect(escapedFor('acme')).toEqual([0, 1]);
    expect(escapedFor('unknown')).toEqual([1, 0]);
    expect(escapedFor(null)).toEqual([1, 0]);
  });

  it('fills budgets from the start of their period, and counts only the calls of the window', () => {
    const fromUs = START_US + 600 * SECOND;
    const { policies, all, blocked, replayedFrom } = replay([call(0, { usd: '10' }), call(10), call(700)], { fromUs });
    expect(replayedFrom).toBe('2026-11-02T12:00:00.000000Z');
    expect({ all, blocked }).toEqual({ all: sum(1, '4'), blocked: sum(1, '4') });
    expect(policies[0]?.exhausted).toMatchObject([{ ranOutAt: '2026-11-02T12:00:01.000000Z', blocked: sum(1, '4') }]);
  });

  it('tries another limit on all policies, or on one', () => {
    expect(budgetsOf(hourly.source, {})).toHaveLength(1);
    expect(budgetsOf(hourly.source, { limitPico: 5n })).toEqual([
      { policy: 'pro-monthly', limitPico: 5n, per: 'hour' },
      { policy: 'free', limitPico: 5n, per: 'month' },
    ]);
    expect(budgetsOf(hourly.source, { policy: 'free', limitPico: 5n, per: 'day' })).toEqual([
      { policy: 'free', limitPico: 5n, per: 'day' },
    ]);
    expect(budgetsOf(hourly.source, { policy: 'free' })).toEqual([]);
  });

  it('refuses calls out of order, which would give wrong numbers', () => {
    expect(() => replay([call(1), call(0)])).toThrow(RangeError);
  });
});

describe('a calendar period', () => {
  it('is that of UTC, and weeks begin on Monday', () => {
    const at = (iso: string): number => Date.parse(iso) * 1_000;
    const bounds = (from: string, to: string) => ({ fromUs: at(from), toUs: at(to) });
    const moment = at('2026-03-01T00:30:00Z');
    expect(periodAt(moment, 'hour')).toEqual(bounds('2026-03-01T00:00:00Z', '2026-03-01T01:00:00Z'));
    expect(periodAt(moment, 'day')).toEqual(bounds('2026-03-01', '2026-03-02'));
    expect(periodAt(moment, 'week')).toEqual(bounds('2026-02-23', '2026-03-02'));
    expect(periodAt(moment, 'month')).toEqual(bounds('2026-03-01', '2026-04-01'));
    expect(periodAt(at('2026-02-28T23:59:59.999Z'), 'month')).toEqual(bounds('2026-02-01', '2026-03-01'));
    expect(periodAt(at('2026-12-31T12:00:00Z'), 'month')).toEqual(bounds('2026-12-01', '2027-01-01'));
  });
});

const arbitraryCalls = fc
  .array(
    fc.record({
      atUs: fc.integer({ min: 0, max: 3 * HOUR }),
      lastsUs: fc.integer({ min: 0, max: HOUR }),
      costPico: fc.option(fc.bigInt({ min: 0n, max: 2_000_000_000_001n })),
      misattributed: fc.boolean(),
      tenant: fc.constantFrom('acme', 'globex', null),
      enforcementPoint: fc.constantFrom('gateway', 'gateway', 'gateway', null),
      seen: fc.constantFrom(
        clean,
        clean,
        clean,
        clean,
        clean,
        { ...clean, policy: 'gold' },
        { ...clean, tenant: 'unknown' },
      ),
    }),
    { minLength: 20, maxLength: 80, size: 'max' },
  )
  .map((calls) =>
    calls
      .toSorted((one, other) => one.atUs - other.atUs)
      .map(({ atUs, lastsUs, ...rest }): ReplayedCall => {
        const startUs = START_US + atUs;
        return { ...rest, origin: clean, startUs, endUs: startUs + lastsUs };
      }),
  );
const arbitraryReporting = fc.record({
  delayUs: fc.integer({ min: 0, max: HOUR }),
  inFlight: fc.option(fc.integer({ min: 1, max: 5 })),
});

/** Adds sums exactly. */
function total(sums: readonly SimulatedSum[]): SimulatedSum {
  return {
    calls: sums.reduce((calls, one) => calls + one.calls, 0),
    costUsd: formatUsd(sums.reduce((pico, one) => pico + (parseUsd(one.costUsd) ?? 0n), 0n)),
    unknownCost: sums.reduce((unknown, one) => unknown + one.unknownCost, 0),
  };
}

describe('any simulation', () => {
  it('has each call in exactly one of its sums, to the last 1e-12 dollar', () => {
    fc.assert(
      fc.property(arbitraryCalls, arbitraryReporting, (calls, reporting) => {
        const { all, blocked, letThrough, escaped, outside, policies } = replay(calls, reporting);
        expect(total([blocked, letThrough, ...Object.values(escaped), outside])).toEqual(all);
        expect(total(policies.map((one) => one.letThrough))).toEqual(letThrough);
        expect(total(policies.flatMap(({ exhausted }) => exhausted.map((one) => one.blocked)))).toEqual(blocked);
        expect(
          total(policies.flatMap((one) => [...one.tenants.map((each) => each.blocked), one.otherTenants.blocked])),
        ).toEqual(blocked);
        for (const { tenants, otherTenants, exhausted } of policies) {
          const over = (of: readonly { overshootUsd: string }[]) => total(of.map((one) => sum(0, one.overshootUsd)));
          expect(over([...tenants, otherTenants])).toEqual(over(exhausted));
        }
      }),
      { seed: 1 },
    );
  });

  it('overshoots by fewer calls than may be in flight, plus the one that reaches the limit, without a delay', () => {
    fc.assert(
      fc.property(arbitraryCalls, fc.integer({ min: 1, max: 5 }), (calls, inFlight) => {
        const costs = calls.map(({ costPico }) => costPico ?? 0n).toSorted((a, b) => (a < b ? 1 : -1));
        const most = costs.slice(0, inFlight).reduce((sumPico, pico) => sumPico + pico, 0n);
        for (const { exhausted } of replay(calls, { inFlight }).policies) {
          for (const { overshootUsd } of exhausted) expect((parseUsd(overshootUsd) ?? 0n) <= most).toBe(true);
        }
      }),
      { seed: 1 },
    );
  });

  it('books in order of time: a slow model, which keeps every call, blocks the same ones', () => {
    fc.assert(
      fc.property(arbitraryCalls, fc.integer({ min: 0, max: HOUR }), (calls, delayUs) => {
        expect(replay(calls, { delayUs }).blocked).toEqual(blockedByModel(calls, delayUs));
      }),
      { seed: 1 },
    );
  });
});

/** What a replay must block where every call really ran: for each call, all earlier ones are looked through. */
function blockedByModel(calls: readonly ReplayedCall[], delayUs: number): SimulatedSum {
  const passed: ReplayedCall[] = [];
  const blocked: ReplayedCall[] = [];
  for (const one of calls) {
    if (one.enforcementPoint === null || one.seen.policy !== clean.policy || one.seen.tenant !== clean.tenant) continue;
    const hour = periodAt(one.startUs, 'hour').fromUs;
    const booked = passed
      .filter(({ startUs, endUs }) => periodAt(startUs, 'hour').fromUs === hour && endUs + delayUs <= one.startUs)
      .reduce((pico, { costPico }) => pico + (costPico ?? 0n), 0n);
    (booked >= 10_000_000_000_000n ? blocked : passed).push(one);
  }
  return {
    calls: blocked.length,
    costUsd: formatUsd(blocked.reduce((pico, { costPico }) => pico + (costPico ?? 0n), 0n)),
    unknownCost: blocked.filter(({ costPico }) => costPico === null).length,
  };
}
