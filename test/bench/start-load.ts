import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import * as z from 'zod';
import { packagePath } from '../../collector/package-path.js';

/** What to send, how fast, and for how long. */
export interface Sending {
  readonly url: string;
  readonly format: 'protobuf' | 'json';
  readonly isGzip: boolean;
  readonly ms: number;
  /** Whether each span is a trace of its own; left out: they form traces. */
  readonly isAlone?: boolean;
  readonly pace: { readonly senders: number } | { readonly spansPerSecond: number };
}

/** What came of it: spans a second that were answered with 200, and how long each request took. */
export interface Outcome {
  readonly spans: number;
  readonly spansPerSecond: number;
  readonly latenciesMs: readonly number[];
}

/** A process that sends what it is told to. */
export interface Load extends AsyncDisposable {
  /** @throws Error where a request was not answered with 200 */
  readonly send: (sending: Sending) => Promise<Outcome>;
}

/** Starts the sending process. */
export function startLoad(): Load {
  const child = fork(packagePath('dist/test/bench/load.js'));
  return {
    send: (sending) => answerOf<Outcome>(child, sending),
    [Symbol.asyncDispose]: () => endOf(child),
  };
}

/** Where a forked process listens, which says its port when it does. */
export async function urlOfServer(child: ChildProcess): Promise<string> {
  const [{ port }] = z
    .tuple([z.object({ port: z.number() })])
    .rest(z.unknown())
    .parse(await once(child, 'message'));
  return `http://127.0.0.1:${port}`;
}

/** Ends a process that was forked. */
export async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  await once(child, 'exit');
}

/** Tells a forked process what to do. @returns the outcome that it sends back */
export async function answerOf<T>(child: ChildProcess, order: object): Promise<T> {
  const ended = new AbortController();
  const gone = (code: number | null): void => ended.abort(new Error(`The sending process ended with ${code}.`));
  child.once('exit', gone);
  try {
    const answer = once(child, 'message', { signal: ended.signal });
    child.send(order);
    const [message]: { outcome: T; error?: string }[] = await answer;
    if (message === undefined || message.error !== undefined) throw new Error(message?.error ?? 'No answer came.');
    return message.outcome;
  } finally {
    child.off('exit', gone);
  }
}

/** The time that a share of requests waited at most. */
export function quantile(latenciesMs: readonly number[], share: number): number {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
