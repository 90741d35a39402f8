import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Lock, LockTimes } from '../../../collector/rollout/lock.js';
import { effectiveMode, nextLock } from '../../../collector/rollout/lock.js';
import { rolloutModes } from '../../../schemas/rollout.js';

const MINUTE_US = 60_000_000;
const TIMES: LockTimes = { closeAfterUs: 10 * MINUTE_US, reopenAfterUs: 60 * MINUTE_US };

type Gate = Lock['gate'];
interface Answer {
  readonly gate: Gate;
  readonly atUs: number;
}

const ready = (minute: number): Answer => ({ gate: 'ready', atUs: minute * MINUTE_US });
const notReady = (minute: number): Answer => ({ gate: 'not_ready', atUs: minute * MINUTE_US });
const everyMinute = (gate: Gate, from: number, to: number): Answer[] =>
  Array.from({ length: to - from + 1 }, (_, i) => ({ gate, atUs: (from + i) * MINUTE_US }));

/** The lock after each answer. */
function locksOver(answers: readonly Answer[], times = TIMES): Lock[] {
  const locks: Lock[] = [];
  for (const { gate, atUs } of answers) {
    locks.push(nextLock(locks.at(-1) ?? null, { gate, blocker: '' }, atUs, times));
  }
  return locks;
}
const isOpenAfter = (answers: readonly Answer[]): boolean => locksOver(answers).at(-1)?.isOpen === true;

describe('the lock', () => {
  it('opens at once where the first answer is ready, and stays closed where it is not', () => {
    expect(isOpenAfter([ready(0)])).toBe(true);
    expect(isOpenAfter([notReady(0)])).toBe(false);
    expect(isOpenAfter([{ gate: 'insufficient_data', atUs: 0 }])).toBe(false);
  });

  it('closes when the gate has not been ready for the whole time, and not a moment before', () => {
    expect(isOpenAfter([ready(0), ...everyMinute('not_ready', 1, 10)])).toBe(true);
    expect(isOpenAfter([ready(0), ...everyMinute('not_ready', 1, 11)])).toBe(false);
    expect(isOpenAfter([ready(0), ...everyMinute('insufficient_data', 1, 11)])).toBe(false);
  });

  it('counts anew when the gate was ready in between', () => {
    const answers = [ready(0), ...everyMinute('not_ready', 1, 9), ready(10), ...everyMinute('not_ready', 11, 20)];
    expect(isOpenAfter(answers)).toBe(true);
  });

  it('opens again when the gate has been ready for the whole time, and not a moment before', () => {
    const closed = [ready(0), ...everyMinute('not_ready', 1, 11)];
    expect(isOpenAfter([...closed, ...everyMinute('ready', 12, 71)])).toBe(false);
    expect(isOpenAfter([...closed, ...everyMinute('ready', 12, 72)])).toBe(true);
  });

  it('takes a stretch in which nobody asked for no evidence', () => {
    const closed = [ready(0), ...everyMinute('not_ready', 1, 11)];
    expect(isOpenAfter([...closed, ready(12), ready(112)])).toBe(false);
    expect(isOpenAfter([ready(0), notReady(100)])).toBe(false);
    expect(isOpenAfter([ready(0), ready(100)])).toBe(true);
  });

  it('is not held by a clock that was set back', () => {
    const answers = [ready(1_000), notReady(1_001), ...everyMinute('not_ready', 1, 11)];
    expect(isOpenAfter(answers)).toBe(false);
  });
});

const gate = fc.constantFrom<Gate>('ready', 'not_ready', 'insufficient_data');
/** Answers in order of time, from a second to twenty minutes apart. */
const answers = fc
  .array(fc.tuple(gate, fc.integer({ min: 1, max: 1_200 })), { minLength: 1, maxLength: 200 })
  .map((list) => {
    let atUs = 0;
    return list.map(([one, seconds]): Answer => ({ gate: one, atUs: (atUs += seconds * 1_000_000) }));
  });

describe('whatever the gate answers, the lock', () => {
  it('never flaps: after it turned, it stays for the waiting time', () => {
    fc.assert(
      fc.property(answers, (list) => {
        const turns = locksOver(list).flatMap((lock, i, all) =>
          i > 0 && all[i - 1]?.isOpen !== lock.isOpen ? [{ ...lock, atUs: lock.answeredUs }] : [],
        );
        turns.forEach((turn, i) => {
          const before = turns[i - 1];
          if (before === undefined) return;
          const waitUs = turn.isOpen ? TIMES.reopenAfterUs : TIMES.closeAfterUs;
          expect(turn.atUs - before.atUs).toBeGreaterThanOrEqual(waitUs);
        });
      }),
    );
  });

  it('is open only where the gate was ready within the time for closing', () => {
    fc.assert(
      fc.property(answers, (list) => {
        locksOver(list).forEach(({ isOpen, answeredUs }, i) => {
          if (!isOpen) return;
          const lastReadyUs = list.slice(0, i + 1).findLast((one) => one.gate === 'ready')?.atUs ?? -Infinity;
          // The first answer that is not ready begins the wait.
          const firstNotUs = list.find(({ atUs }) => atUs > lastReadyUs)?.atUs ?? answeredUs;
          expect(answeredUs - firstNotUs).toBeLessThan(TIMES.closeAfterUs);
        });
      }),
    );
  });

  it('opens again only after answers that were all ready for the time for reopening', () => {
    fc.assert(
      fc.property(answers, (list) => {
        const locks = locksOver(list);
        locks.forEach(({ isOpen, answeredUs }, i) => {
          if (i === 0 || !isOpen || locks[i - 1]?.isOpen === true) return;
          const waited = list.slice(0, i + 1).filter(({ atUs }) => atUs > answeredUs - TIMES.reopenAfterUs);
          expect(waited.every((one) => one.gate === 'ready')).toBe(true);
        });
      }),
    );
  });

  it('goes on after a restart as if there had been none', () => {
    fc.assert(
      fc.property(answers, fc.nat(), (list, cut) => {
        const at = cut % list.length;
        const kept = locksOver(list.slice(0, at)).at(-1) ?? null;
        let lock: Lock | null = kept === null ? null : { ...kept };
        for (const { gate: told, atUs } of list.slice(at))
          lock = nextLock(lock, { gate: told, blocker: '' }, atUs, TIMES);
        expect(lock).toEqual(locksOver(list).at(-1));
      }),
    );
  });

  it('never lets more hold than was asked for, and never enforces upon what is unknown', () => {
    fc.assert(
      fc.property(answers, fc.constantFrom(...rolloutModes), (list, asked) => {
        for (const lock of locksOver(list)) {
          const mode = effectiveMode(asked, lock);
          expect(rolloutModes.indexOf(mode)).toBeLessThanOrEqual(rolloutModes.indexOf(asked));
          if (mode === 'enforce') expect(lock.isOpen).toBe(true);
        }
        expect(effectiveMode(asked, null)).toBe(asked === 'enforce' ? 'shadow' : asked);
      }),
    );
  });
});
