import { seededRandom } from '../support/random.js';
import { onceIn, upTo } from './choose.js';
import type { Target } from './target.js';

/** One execution in so many looks thoroughly. */
const THOROUGH = 64;
/** Longer than any input may take, also on a machine that does other work. */
const SLOW_MS = 2_000;

/** An input at which something happened that must not. */
export interface Fault {
  readonly execution: number;
  readonly input: Buffer;
  readonly what: string;
}

/** What came of a run. */
export interface Tally {
  readonly faults: readonly Fault[];
  /** An input of each kind of answer that no seed gave. */
  readonly news: ReadonlyMap<string, Buffer>;
  readonly slowestMs: number;
}

/**
 * Gives a target inputs made from its seeds and a corpus, the same ones for the same seed.
 *
 * @param started is told of every execution before it begins
 */
export function runTarget(
  target: Target,
  corpus: readonly Buffer[],
  { seed, from, executions }: { readonly seed: number; readonly from: number; readonly executions: number },
  started: (execution: number) => void = () => {},
): Tally {
  const begin = [...target.seeds, ...corpus];
  const kinds = new Set<string>();
  const faults = new Map<string, Fault>();
  const news = new Map<string, Buffer>();
  let slowestMs = 0;

  function execute(execution: number, input: Buffer, isThorough: boolean): string | null {
    try {
      let { kind, tookMs } = timed(input, isThorough);
      // The machine may have been busy: what is slow is slow again.
      if (tookMs > SLOW_MS) ({ kind, tookMs } = timed(input, isThorough));
      slowestMs = Math.max(slowestMs, tookMs);
      if (tookMs > SLOW_MS) throw new Error(`It took ${Math.round(tookMs)} ms.`);
      return kind;
    } catch (error) {
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
      // The same place in the code is the same fault.
      const place = what.split('\n').find((line) => line.trimStart().startsWith('at ')) ?? what;
      if (!faults.has(place)) faults.set(place, { execution, input, what });
      return null;
    }
  }

  function timed(input: Buffer, isThorough: boolean): { kind: string; tookMs: number } {
    const before = performance.now();
    const kind = target.check(input, isThorough);
    return { kind, tookMs: performance.now() - before };
  }

  for (const input of begin) kinds.add(execute(-1, input, true) ?? '');
  for (let execution = from; execution < from + executions; execution += 1) {
    started(execution);
    const input = inputOf(target, begin, seed, execution);
    const kind = execute(execution, input, execution % THOROUGH === 0);
    if (kind === null || kinds.has(kind)) continue;
    kinds.add(kind);
    news.set(kind, input);
  }
  return { faults: [...faults.values()], news, slowestMs };
}

/** The input of an execution: it depends on nothing that was executed before. */
export function inputOf(target: Target, begin: readonly Buffer[], seed: number, execution: number): Buffer {
  const random = seededRandom(Math.imul(seed, 0x9e3779b1) ^ execution);
  if (onceIn(random, 3)) return target.generate(random);
  const pick = () => begin[upTo(random, begin.length)] ?? Buffer.alloc(0);
  return target.mutate(pick(), pick(), random);
}
