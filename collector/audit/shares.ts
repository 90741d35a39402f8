import type { Cut, Share } from '../store/cuts.js';
import { nameOf } from '../store/cuts.js';
import { LOOK_BACK_US } from './sweeps.js';

/**
 * A share that is so far behind, and of which nothing was seen to be done for so long, is worked by the next auditor in
 * the ring, after twice that by the one after that, and so on. Microseconds.
 */
const BEHIND_US = 30_000_000;
const MOST_TURNS = 4;

/** A share that an auditor works, and how far it has come with it. */
export interface ShareWork {
  readonly share: Share;
  /** The share of the auditor, where this one is another's; null: it is its own. */
  readonly worker: Share | null;
  /** Microseconds since 1970; null: nobody has begun with it. */
  cutUs: number | null;
}

/** Decides which shares one auditor works. */
export interface Shares<Work extends ShareWork> {
  /**
   * The auditor's own share, first, and those whose auditors are away.
   *
   * @param cuts of all auditors; null: they were not looked at now
   * @param settledBeforeUs how far all should have come, microseconds since 1970
   */
  readonly toWork: (cuts: readonly Cut[] | null, settledBeforeUs: number) => readonly Work[];
}

/**
 * Starts an auditor's choice of shares. There is no lease: an audit may be made twice, so all that matters is that none
 * is left out, and that few are made twice. Who works the share of another keeps a cut of its own for it, from which
 * the others see that somebody does, and lets go when the share's own auditor has come as far again.
 *
 * @param begin what else is to be known of a share that is worked
 */
export function createShares<Work extends ShareWork>(own: Share, begin: (work: ShareWork) => Work): Shares<Work> {
  const ours = begin({ share: own, worker: null, cutUs: null });
  const helped = new Map<number, Work>();
  const seen = new Map<number, { readonly reachedUs: number | null; readonly sinceUs: number }>();

  function toWork(cuts: readonly Cut[] | null, settledBeforeUs: number): readonly Work[] {
    if (cuts !== null) {
      for (const work of [ours, ...helped.values()]) goOn(work, cuts, settledBeforeUs);
      for (let index = 0; index < own.of; index += 1) if (index !== own.index) look(index, cuts, settledBeforeUs);
    }
    return [ours, ...helped.values()];
  }

  function look(index: number, cuts: readonly Cut[], settledBeforeUs: number): void {
    const share = { index, of: own.of };
    const isBehind = (cutUs: number): boolean => settledBeforeUs - cutUs > BEHIND_US;
    if (helped.has(index)) {
      const itsOwn = cuts.find((cut) => cut.worker === null && nameOf(cut.share) === nameOf(share));
      if (itsOwn !== undefined && !isBehind(itsOwn.cutUs)) helped.delete(index);
      return;
    }
    const reachedUs = reachedOf(share, cuts);
    const before = seen.get(index);
    const sinceUs = before?.reachedUs === reachedUs ? before.sinceUs : settledBeforeUs;
    seen.set(index, { reachedUs, sinceUs });
    const turn = Math.min((own.index - index + own.of) % own.of, MOST_TURNS);
    if (!isBehind(reachedUs ?? 0) || Math.abs(settledBeforeUs - sinceUs) < turn * BEHIND_US) return;
    const work = begin({ share, worker: own, cutUs: null });
    goOn(work, cuts, settledBeforeUs);
    helped.set(index, work);
  }

  /** From where others have come to, where that is further. What lies in the future says that a clock was set back. */
  function goOn(work: Work, cuts: readonly Cut[], settledBeforeUs: number): void {
    const reachedUs = reachedOf(work.share, cuts);
    if (reachedUs === null) return;
    const fromUs = reachedUs - LOOK_BACK_US;
    if (work.cutUs === null || (fromUs > work.cutUs && reachedUs <= settledBeforeUs)) work.cutUs = fromUs;
  }

  return { toWork };
}

/**
 * How far a share is audited, whoever did it: microseconds since 1970, null where nobody has begun.
 *
 * A trace is in share h mod n of n, for a hash h of its id. So the traces of share i of n are those in the shares j of
 * any other count m in which j and i leave the same rest by the greatest common divisor of n and m; where each of
 * these was worked, they are audited as far as the last of these has come. Of several counts the one that came furthest
 * counts. So auditors may be made more or fewer at any time: each goes on where those before it were.
 */
export function reachedOf({ index, of }: Share, cuts: readonly Cut[]): number | null {
  const reached = new Map<number, Map<number, number>>();
  for (const { share, cutUs } of cuts) {
    const ofCount = reached.get(share.of) ?? new Map<number, number>();
    ofCount.set(share.index, Math.max(ofCount.get(share.index) ?? -Infinity, cutUs));
    reached.set(share.of, ofCount);
  }
  let furthestUs: number | null = null;
  for (const [count, ofCount] of reached) {
    const step = greatestCommonDivisor(of, count);
    let leastUs = Infinity;
    for (let j = index % step; j < count; j += step) leastUs = Math.min(leastUs, ofCount.get(j) ?? -Infinity);
    if (leastUs !== -Infinity) furthestUs = Math.max(furthestUs ?? -Infinity, leastUs);
  }
  return furthestUs;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
