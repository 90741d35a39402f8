import { fork } from 'node:child_process';
import { packagePath } from '../../collector/package-path.js';
import type { Figure } from './figure.js';
import { figure } from './figure.js';
import { cpuSecondsOf } from './processes.js';
import { answerOf, endOf, quantile } from './start-load.js';

/** What to ask, how fast, and for how long. */
export interface Asking {
  readonly url: string;
  readonly key: string;
  /** Asked one after the other, in turns. */
  readonly bodies: readonly string[];
  readonly pace: { readonly perSecond: number } | { readonly callers: number };
  readonly ms: number;
}

/** How long each question took, and how many were answered a second. */
export interface Outcome {
  readonly latenciesMs: readonly number[];
  readonly perSecond: number;
}

/** A process that asks what it is told to. */
export interface Asker extends AsyncDisposable {
  /** @throws Error where a question was not answered with 200 */
  readonly ask: (asking: Asking) => Promise<Outcome>;
}

/** Starts the asking process. */
export function startAsker(): Asker {
  const child = fork(packagePath('dist/test/bench/asking-load.js'));
  return {
    ask: (asking) => answerOf<Outcome>(child, asking),
    [Symbol.asyncDispose]: () => endOf(child),
  };
}

/** Has questions asked, and notes what came of it. @returns microseconds of CPU that a process took for each */
export async function cpuMicrosOf(pid: number, asker: Asker, asking: Asking, outcomes: Outcome[]): Promise<number> {
  const before = cpuSecondsOf(pid);
  const outcome = await asker.ask(asking);
  outcomes.push(outcome);
  return (1e6 * (cpuSecondsOf(pid) - before)) / outcome.latenciesMs.length;
}

/** How long half of the questions took at most, and 99 of a hundred. @param of what they are */
export function waits(of: string, outcomes: readonly Outcome[]): Figure[] {
  return [0.5, 0.99].map((share) =>
    figure(
      `wait, ${share * 100} % ${of}`,
      'ms',
      outcomes.map(({ latenciesMs }) => quantile(latenciesMs, share)),
    ),
  );
}
