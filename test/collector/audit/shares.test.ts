import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Shares, ShareWork } from '../../../collector/audit/shares.js';
import { createShares, reachedOf } from '../../../collector/audit/shares.js';
import type { Cut, Share } from '../../../collector/store/cuts.js';
import { nameOf } from '../../../collector/store/cuts.js';

const SECOND_US = 1_000_000;
const START_US = 1_000_000 * SECOND_US;

const share = (name: string): Share => {
  const [number, of] = name.split('/').map(Number);
  return { index: Number(number) - 1, of: Number(of) };
};
const cut = (name: string, cutUs: number, worker?: string): Cut => ({
  share: share(name),
  worker: worker === undefined ? null : share(worker),
  cutUs,
});

describe('how far a share is audited', () => {
  it('is as far as whoever worked it has come', () => {
    expect(reachedOf(share('1/2'), [])).toBeNull();
    expect(reachedOf(share('1/2'), [cut('2/2', 9)])).toBeNull();
    expect(reachedOf(share('1/2'), [cut('1/2', 5), cut('1/2', 7, '2/2')])).toBe(7);
  });

  it('follows from the shares of another count that have its traces', () => {
    const eight = [5, 6, 7, 8, 9, 10, 11, 12].map((at, i) => cut(`${i + 1}/8`, at));
    // Of 12, share 3 has the hashes 2, 14, 26, …: in the shares 3 and 7 of 8.
    expect(reachedOf(share('3/12'), eight)).toBe(7);
    expect(reachedOf(share('1/1'), eight)).toBe(5);
    expect(reachedOf(share('3/16'), eight)).toBe(7);
    expect(reachedOf(share('1/3'), eight)).toBe(5);
    expect(reachedOf(share('3/12'), eight.slice(0, 6))).toBeNull();
    expect(reachedOf(share('1/12'), eight.slice(0, 6))).toBe(5);
  });

  it('is what the count that came furthest says', () => {
    expect(reachedOf(share('1/2'), [cut('1/1', 5), cut('1/4', 8), cut('3/4', 7)])).toBe(7);
    expect(reachedOf(share('1/2'), [cut('1/1', 9), cut('1/4', 8), cut('3/4', 7)])).toBe(9);
  });
});

describe('the shares that an auditor works', () => {
  const start = (name: string) => createShares(share(name), (work) => ({ ...work }));
  const worked = (shares: Shares<ShareWork>, cuts: readonly Cut[] | null, atS: number): string[] =>
    shares.toWork(cuts, START_US + atS * SECOND_US).map((work) => nameOf(work.share));
  const at = (name: string, seconds: number, worker?: string): Cut => cut(name, START_US + seconds * SECOND_US, worker);

  it('are its own, and that of the auditor before it once nothing was done there for 30 s', () => {
    const shares = start('2/3');
    expect(worked(shares, [at('1/3', 0), at('2/3', 0), at('3/3', 0)], 0)).toEqual(['2/3']);
    expect(worked(shares, [at('1/3', 0), at('2/3', 29), at('3/3', 29)], 29)).toEqual(['2/3']);
    expect(worked(shares, [at('1/3', 0), at('2/3', 31), at('3/3', 31)], 31)).toEqual(['2/3', '1/3']);
    expect(worked(shares, null, 32)).toEqual(['2/3', '1/3']);
  });

  it('are not those that another auditor has taken over', () => {
    const shares = start('3/3');
    const all = (seconds: number, helper: number): Cut[] => [
      at('1/3', 0),
      at('1/3', helper, '2/3'),
      at('2/3', seconds),
      at('3/3', seconds),
    ];
    expect(worked(shares, all(0, 0), 0)).toEqual(['3/3']);
    expect(worked(shares, all(31, 0), 31)).toEqual(['3/3']);
    expect(worked(shares, all(50, 50), 50)).toEqual(['3/3']);
    expect(worked(shares, all(100, 90), 100)).toEqual(['3/3']);
    expect(worked(shares, all(155, 90), 155)).toEqual(['3/3']);
    expect(worked(shares, all(161, 90), 161)).toEqual(['3/3', '1/3']);
  });

  it('are given back when their own auditor has come as far', () => {
    const shares = start('1/2');
    worked(shares, [at('1/2', 0), at('2/2', 0)], 0);
    expect(worked(shares, [at('1/2', 40), at('2/2', 0)], 40)).toEqual(['1/2', '2/2']);
    expect(worked(shares, [at('1/2', 100), at('2/2', 0), at('2/2', 99, '1/2')], 100)).toEqual(['1/2', '2/2']);
    expect(worked(shares, [at('1/2', 110), at('2/2', 90), at('2/2', 99, '1/2')], 110)).toEqual(['1/2']);
  });

  it('do not grow while the others are behind and come forward', () => {
    const shares = start('1/2');
    for (let now = 0; now < 300; now += 5) {
      expect(worked(shares, [at('1/2', now), at('2/2', now - 1_000)], now)).toEqual(['1/2']);
    }
  });
});

/** A world in which auditors come and go: what they choose is real, what they do is a set of numbers. */
class World {
  nowUs = START_US;
  readonly traces: { readonly hash: number; readonly atUs: number; isAudited: boolean }[] = [];
  readonly auditors: { readonly own: Share; readonly shares: Shares<ShareWork> }[] = [];
  readonly #cuts = new Map<string, Cut>();

  get cuts(): Cut[] {
    return [...this.#cuts.values()];
  }

  start(own: Share): void {
    this.auditors.push({ own, shares: createShares(own, (work) => ({ ...work })) });
  }

  /** A round of one auditor, that may die after some of its shares and before it says how far it has come. */
  round(which: number, diesAfter: number): void {
    const auditor = this.auditors[which % Math.max(1, this.auditors.length)];
    if (auditor === undefined) return;
    for (const [i, work] of auditor.shares.toWork(this.cuts, this.nowUs).entries()) {
      const fromUs = (work.cutUs ??= START_US - 1);
      const { index, of } = work.share;
      for (const trace of this.traces) {
        if (trace.hash % of === index && trace.atUs > fromUs && trace.atUs <= this.nowUs) trace.isAudited = true;
      }
      if (i === diesAfter) {
        this.auditors.splice(this.auditors.indexOf(auditor), 1);
        return;
      }
      work.cutUs = this.nowUs;
      const key = `${nameOf(work.share)} ${work.worker === null ? '' : nameOf(work.worker)}`;
      this.#cuts.set(key, { share: work.share, worker: work.worker, cutUs: this.nowUs });
    }
  }

  /** Traces that nobody would audit any more: not audited, and behind where their share begins. */
  forgotten(mostShares: number): unknown[] {
    const starts: { index: number; of: number; reachedUs: number }[] = [];
    for (let of = 1; of <= mostShares; of += 1) {
      for (let index = 0; index < of; index += 1) {
        const reachedUs = reachedOf({ index, of }, this.cuts);
        if (reachedUs !== null) starts.push({ index, of, reachedUs });
      }
    }
    return this.traces.filter(
      ({ isAudited, hash, atUs }) =>
        !isAudited && starts.some(({ index, of, reachedUs }) => hash % of === index && atUs <= reachedUs),
    );
  }
}

const MOST_SHARES = 6;
const anyShare = fc
  .integer({ min: 1, max: MOST_SHARES })
  .chain((of) => fc.integer({ min: 0, max: of - 1 }).map((index) => ({ index, of })));
const anyStep = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('arrive' as const), hash: fc.nat(10_000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('start' as const), own: anyShare }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 50 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('round' as const),
      which: fc.nat(20),
      diesAfter: fc.oneof({ weight: 4, arbitrary: fc.constant(Infinity) }, { weight: 1, arbitrary: fc.nat(3) }),
    }),
  },
);

it('any order of counts, deaths and takeovers leaves no trace out, and the last auditor audits all', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60 }), anyShare, (steps, last) => {
      const world = new World();
      for (const step of steps) {
        world.nowUs += 1_000;
        if (step.do === 'arrive') world.traces.push({ hash: step.hash, atUs: world.nowUs, isAudited: false });
        else if (step.do === 'start') world.start(step.own);
        else if (step.do === 'wait') world.nowUs += step.seconds * SECOND_US;
        else world.round(step.which, step.diesAfter);
        expect(world.forgotten(MOST_SHARES)).toEqual([]);
      }
      world.auditors.length = 0;
      world.start(last);
      for (let i = 0; i < 40; i += 1) {
        world.nowUs += 5 * SECOND_US;
        world.round(0, Infinity);
      }
      expect(world.traces.filter(({ isAudited }) => !isAudited)).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
