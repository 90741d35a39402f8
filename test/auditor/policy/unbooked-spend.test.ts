import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { UnbookedSpend } from '../../../auditor/policy/unbooked-spend.js';
import { createUnbookedSpend } from '../../../auditor/policy/unbooked-spend.js';

function bookedBy(unbooked: UnbookedSpend, nowUs: number): [number, bigint][] {
  const booked: [number, bigint][] = [];
  unbooked.bookUntil(nowUs, ({ atUs, costPico }) => booked.push([atUs, costPico]));
  return booked;
}

describe('spend on its way into the books', () => {
  it('is booked a delay after the end of its call, in order of time, once', () => {
    const unbooked = createUnbookedSpend(5, null);
    for (const [endUs, costPico] of [
      [30, 3n],
      [10, 1n],
      [20, 2n],
    ] as const)
      unbooked.admit({ endUs, costPico });
    unbooked.makeRoom(0);
    expect(bookedBy(unbooked, 14)).toEqual([]);
    expect(bookedBy(unbooked, 15)).toEqual([[15, 1n]]);
    expect(bookedBy(unbooked, 99)).toEqual([
      [25, 2n],
      [35, 3n],
    ]);
    expect(bookedBy(unbooked, 99)).toEqual([]);
  });

  it('is that of the oldest call where no place is free, and of no other', () => {
    const unbooked = createUnbookedSpend(5, 2);
    unbooked.admit({ endUs: 300, costPico: 1n });
    unbooked.makeRoom(10);
    unbooked.admit({ endUs: 200, costPico: 2n });
    expect(bookedBy(unbooked, 20)).toEqual([]);
    unbooked.makeRoom(30);
    unbooked.makeRoom(31);
    unbooked.admit({ endUs: 400, costPico: 3n });
    expect(bookedBy(unbooked, 99)).toEqual([[35, 1n]]);
  });

  it('is booked by its own end where that came before a place was needed', () => {
    const unbooked = createUnbookedSpend(0, 1);
    unbooked.admit({ endUs: 20, costPico: 1n });
    unbooked.makeRoom(20);
    unbooked.admit({ endUs: 50, costPico: 2n });
    expect(bookedBy(unbooked, 49)).toEqual([[20, 1n]]);
    expect(bookedBy(unbooked, 50)).toEqual([[50, 2n]]);
    unbooked.makeRoom(60);
    expect(bookedBy(unbooked, 99)).toEqual([]);
  });

  it('is in order however calls end', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(50), { maxLength: 9 }), { maxLength: 5 }), (rounds) => {
        const unbooked = createUnbookedSpend(0, null);
        let left: number[] = [];
        for (const [i, ends] of rounds.entries()) {
          const nowUs = 10 * i;
          for (const endUs of ends) unbooked.admit({ endUs, costPico: 1n });
          left = [...left, ...ends].toSorted((a, b) => a - b);
          expect(bookedBy(unbooked, nowUs).map(([atUs]) => atUs)).toEqual(left.filter((endUs) => endUs <= nowUs));
          left = left.filter((endUs) => endUs > nowUs);
        }
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});
