import { describe, expect, it } from 'vitest';
import type { Known, Reservation, SettlingCall } from '../../../collector/decisions/ledger.js';
import { createLedger } from '../../../collector/decisions/ledger.js';

const DOLLAR = 1_000_000_000_000n;
const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
/** 2026-11-02, 12:00 UTC. */
const NOON = 1_793_620_800_000_000;

const budget = { policy: 'pro', limitPico: 10n * DOLLAR, per: 'day', alerts: [] } as const;

function reservation(id: string, change: Partial<Reservation> = {}): Reservation {
  const times = { decidedUs: NOON, expiresUs: NOON + 5 * MINUTE };
  return { id, policy: 'pro', tenant: 'acme', traceId: '', pico: DOLLAR, ...times, ...change };
}

function call(change: Partial<SettlingCall>): SettlingCall {
  const ids = { reservationId: '', traceId: 't', spanId: 's' };
  return { ...ids, tenant: 'acme', policy: 'pro', startUs: NOON + SECOND, isUnpriced: false, ...change };
}

function known(change: Partial<Known> & { spent?: bigint } = {}): Known {
  const { spent = 0n, ...rest } = change;
  return { asOfUs: NOON + MINUTE, spentPico: new Map([['pro', spent]]), reservations: [], calls: [], ...rest };
}

/** Dollars that count as used, a minute after noon. */
function used(ledger: ReturnType<typeof createLedger>, nowUs = NOON + MINUTE): number | null {
  const pico = ledger.usedPico(budget, nowUs);
  return pico === null ? null : Number(pico) / Number(DOLLAR);
}

describe('a ledger', () => {
  it('knows nothing until it was told what is spent', () => {
    const ledger = createLedger([budget]);
    ledger.reserve(reservation('a'));
    expect(used(ledger)).toBeNull();
    ledger.update(known({ spent: 2n * DOLLAR }));
    expect(used(ledger)).toBe(3);
  });

  it('puts the cost of an audited call in the place of the estimate, and counts neither twice', () => {
    const ledger = createLedger([budget]);
    ledger.update(known());
    ledger.reserve(reservation('a'));
    ledger.reserve(reservation('b'));
    expect(used(ledger)).toBe(2);
    ledger.update(known({ spent: 3n * DOLLAR, calls: [call({ reservationId: 'a' })] }));
    expect(used(ledger)).toBe(4);
    // The next look overlaps with this one: both are told again.
    ledger.update(
      known({ spent: 3n * DOLLAR, reservations: [reservation('a')], calls: [call({ reservationId: 'a' })] }),
    );
    expect(used(ledger)).toBe(4);
    expect(ledger.open()).toBe(1);
  });

  it('frees what expires when ClickHouse was asked after that, and nothing while it is away', () => {
    const ledger = createLedger([budget]);
    ledger.update(known());
    ledger.reserve(reservation('a'));
    expect(used(ledger, NOON + 60 * MINUTE)).toBe(1);
    ledger.update(known({ asOfUs: NOON + 5 * MINUTE - 1 }));
    expect(used(ledger)).toBe(1);
    ledger.update(known({ asOfUs: NOON + 5 * MINUTE }));
    expect(used(ledger)).toBe(0);
  });

  it('goes on to count the estimate of a call of unknown cost, until a price is known or the period is over', () => {
    const ledger = createLedger([budget]);
    ledger.reserve(reservation('a'));
    ledger.reserve(reservation('b'));
    const unpriced = ['a', 'b'].map((reservationId) =>
      call({ reservationId, spanId: reservationId, isUnpriced: true }),
    );
    ledger.update(known({ calls: unpriced }));
    ledger.update(known({ asOfUs: NOON + 10 * MINUTE }));
    expect(used(ledger)).toBe(2);
    ledger.update(known({ asOfUs: NOON + 11 * MINUTE, spent: 5n * DOLLAR, calls: [call({ reservationId: 'a' })] }));
    expect(used(ledger)).toBe(6);
    ledger.update(known({ asOfUs: NOON + 12 * 60 * MINUTE }));
    expect(used(ledger, NOON + 12 * 60 * MINUTE)).toBe(0);
  });

  it('has nothing spent when another period begins, but for what is still reserved', () => {
    const ledger = createLedger([budget]);
    ledger.update(known({ spent: 9n * DOLLAR }));
    ledger.reserve(reservation('a'));
    expect(used(ledger)).toBe(10);
    expect(used(ledger, NOON + 12 * 60 * MINUTE)).toBe(1);
  });
});

describe('by the trace id that came with the request, a ledger', () => {
  const inTrace = (id: string, decidedUs: number, change: Partial<Reservation> = {}): Reservation =>
    reservation(id, { traceId: 't', decidedUs, ...change });

  it('settles one reservation by one call, the oldest that was there when it began', () => {
    const ledger = createLedger([budget]);
    for (const [i, id] of ['a', 'b', 'c'].entries()) ledger.reserve(inTrace(id, NOON + i * 10 * SECOND));
    ledger.update(known({ calls: [call({ startUs: NOON + 5 * SECOND })] }));
    expect(used(ledger)).toBe(2);
    const second = call({ spanId: 's2', startUs: NOON + 15 * SECOND });
    // Told again with the first one, and in any order.
    ledger.update(known({ calls: [second, call({ startUs: NOON + 5 * SECOND })] }));
    expect(used(ledger)).toBe(1);
  });

  it('does not settle by a call from before, of another tenant, or under another policy', () => {
    const ledger = createLedger([budget]);
    ledger.reserve(inTrace('a', NOON + 20 * SECOND));
    const calls = [call({}), call({ spanId: 's2', startUs: NOON + 30 * SECOND, tenant: 'globex' })];
    ledger.update(known({ calls: [...calls, call({ spanId: 's3', startUs: NOON + 30 * SECOND, policy: '' })] }));
    expect(used(ledger)).toBe(1);
  });

  it('leaves a call alone that names a reservation itself', () => {
    const ledger = createLedger([budget]);
    ledger.reserve(inTrace('a', NOON));
    ledger.reserve(inTrace('b', NOON));
    ledger.update(known({ calls: [call({ reservationId: 'a' })] }));
    expect(used(ledger)).toBe(1);
    ledger.update(known({ calls: [call({ reservationId: 'a' }), call({ spanId: 's2' })] }));
    expect(used(ledger)).toBe(0);
  });
});
