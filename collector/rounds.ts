import type { Logger } from 'pino';
import { StoreUnavailable } from './store/errors.js';

export interface RoundsOptions {
  /** The time from round to round, milliseconds; 0: rounds are made only when asked for. */
  readonly intervalMs: number;
  /** The least pause after a round, however long it took; left out: the whole interval. Milliseconds. */
  readonly restMs?: number;
  /** The longest pause after rounds that failed, milliseconds. */
  readonly longestBackoffMs: number;
  readonly log: Logger;
  /** What the log says when the store is away, when a round fails otherwise, and when all is well again. */
  readonly words: { readonly waits: string; readonly fails: string; readonly goesOn: string };
}

/** Work that is done round after round, never two at a time. */
export interface Rounds extends AsyncDisposable {
  /** Makes a round as soon as the one before is done. @throws whatever it throws */
  readonly next: () => Promise<void>;
  readonly isStopped: () => boolean;
  /** Waits for the round under way; may be called twice. */
  readonly stop: () => Promise<void>;
}

/** Starts to make rounds. A round that fails is told once, and made again after longer and longer pauses. */
export function startRounds(round: () => Promise<void>, options: RoundsOptions): Rounds {
  const { intervalMs, restMs = intervalMs, longestBackoffMs, log, words } = options;
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | null = null;
  let isStopped = false;
  let failures = 0;
  let startedMs = 0;

  function next(): Promise<void> {
    running = running.catch(() => undefined).then(round);
    return running;
  }

  function plan(delayMs: number): void {
    if (isStopped || intervalMs === 0) return;
    timer = setTimeout(() => {
      startedMs = performance.now();
      void next().then(succeeded, failed);
    }, delayMs);
  }

  function succeeded(): void {
    if (failures > 0) log.info(words.goesOn);
    failures = 0;
    plan(Math.max(restMs, startedMs + intervalMs - performance.now()));
  }

  function failed(error: unknown): void {
    if (failures === 0) log.warn({ err: error }, error instanceof StoreUnavailable ? words.waits : words.fails);
    failures += 1;
    plan(Math.min(intervalMs * 2 ** failures, longestBackoffMs));
  }

  async function stop(): Promise<void> {
    isStopped = true;
    if (timer !== null) clearTimeout(timer);
    await running.catch(() => undefined);
  }

  plan(intervalMs);
  return { next, isStopped: () => isStopped, stop, [Symbol.asyncDispose]: stop };
}
