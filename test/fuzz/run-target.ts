import { seededRandom } from '../support/random.js';
import type { Random } from './choose.js';
import { onceIn, upTo } from './choose.js';
import { perturb } from './mutate-bytes.js';
import type { Target } from './target.js';

/** One execution in so many looks thoroughly: a prime, so that those who were perturbed have their turn. */
const THOROUGH = 61;
/** To make an input takes longer than to read it: so many executions share one, each with other bytes changed. */
const PERTURBED = 16;
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
  const { stackTraceLimit } = Error;

  function execute(execution: number, input: Buffer, isThorough: boolean): string | null {
    try {
      let { kind, tookMs } = timed(input, isThorough);
      // The machine may have been busy: what is slow is slow again.
      if (tookMs > SLOW_MS) ({ kind, tookMs } = timed(input, isThorough));
      slowestMs = Math.max(slowestMs, tookMs);
      if (tookMs > SLOW_MS) throw new Error(`It took ${Math.round(tookMs)} ms.`);
      return kind;
    } catch (error) {
      const what = traced(input, isThorough) ?? String(error);
      // The same place in the code is the same fault.
      const place = what.split('\n').find((line) => line.trimStart().startsWith('at ')) ?? what;
      if (!faults.has(place)) faults.set(place, { execution, input: Buffer.from(input), what });
      return null;
    }
  }

  /** What goes wrong, with where it does. */
  function traced(input: Buffer, isThorough: boolean): string | undefined {
    Error.stackTraceLimit = stackTraceLimit;
    try {
      target.check(input, isThorough);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.stack : undefined;
    } finally {
      Error.stackTraceLimit = 0;
    }
  }

  function timed(input: Buffer, isThorough: boolean): { kind: string; tookMs: number } {
    const before = performance.now();
    const kind = target.check(input, isThorough);
    return { kind, tookMs: performance.now() - before };
  }

  // Most inputs are refused, and to note where an error was made takes longer than all else.
  Error.stackTraceLimit = 0;
  try {
    for (const input of begin) kinds.add(execute(-1, input, true) ?? '');
    const inputs = inputsOf(target, begin, seed);
    for (let execution = from; execution < from + executions; execution += 1) {
      started(execution);
      const input = inputs(execution);
      const kind = execute(execution, input, execution % THOROUGH === 0);
      if (kind === null || kinds.has(kind)) continue;
      kinds.add(kind);
      news.set(kind, Buffer.from(input));
    }
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  return { faults: [...faults.values()], news, slowestMs };
}

/**
 * Makes the inputs of executions, each of which depends on nothing that was executed before. An input holds until the
 * next is made.
 */
export function inputsOf(target: Target, begin: readonly Buffer[], seed: number): (execution: number) => Buffer {
  let madeFor = -1;
  let made = Buffer.alloc(0);
  return (execution) => {
    const group = Math.floor(execution / PERTURBED);
    if (group !== madeFor) made = Buffer.from(whole(target, begin, randomOf(seed, group * PERTURBED)));
    madeFor = group;
    return execution % PERTURBED === 0 ? made : perturb(made, randomOf(seed, execution));
  };
}

function randomOf(seed: number, execution: number): Random {
  return seededRandom(Math.imul(seed, 0x9e3779b1) ^ execution);
}

function whole(target: Target, begin: readonly Buffer[], random: Random): Buffer {
  if (onceIn(random, 3)) return target.generate(random);
  const pick = () => begin[upTo(random, begin.length)] ?? Buffer.alloc(0);
  return target.mutate(pick(), pick(), random);
}
