import { setTimeout as sleep } from 'node:timers/promises';
import type { AsReceived } from '../otlp/as-received.js';
import type { ForwardMetrics } from './metrics.js';
import { NotForwarded } from './not-forwarded.js';

export interface QueueOptions {
  /** @throws NotForwarded */
  readonly send: (received: AsReceived) => Promise<unknown>;
  readonly metrics: ForwardMetrics;
  /** What may wait, bytes; who comes when it is full is lost. */
  readonly maxBytes?: number;
  /** After so long a request is given up. */
  readonly giveUpMs?: number;
  /** How long it goes on when told to stop. */
  readonly lastWordsMs?: number;
}

/** Requests that wait to be passed on, in memory alone. */
export interface Queue extends AsyncDisposable {
  /** Takes a request, or counts it as lost; never waits. */
  readonly push: (received: AsReceived) => void;
}

const AT_ONCE = 8;
const MIB = 1024 ** 2;
const LONGEST_PAUSE_SECONDS = 30;

/** Starts a queue that passes requests on as well as it goes, several at once. */
export function startQueue(options: QueueOptions): Queue {
  const { send, metrics, maxBytes = 64 * MIB, giveUpMs = 300_000, lastWordsMs = 5_000 } = options;
  const waiting: { readonly received: AsReceived; readonly sinceMs: number }[] = [];
  const workers = new Set<Promise<void>>();
  const ending = new AbortController();
  let heldBytes = 0;
  let isStopped = false;
  metrics.watchQueue(() => heldBytes);

  function push(received: AsReceived): void {
    const size = received.bytes.length;
    if (isStopped) metrics.lost('stopped');
    else if (heldBytes + size > maxBytes) metrics.lost('full');
    else {
      heldBytes += size;
      waiting.push({ received, sinceMs: performance.now() });
      if (workers.size < AT_ONCE) startWorker();
    }
  }

  function startWorker(): void {
    const worker = work().finally(() => workers.delete(worker));
    workers.add(worker);
  }

  async function work(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await deliver(next.received, next.sinceMs);
      heldBytes -= next.received.bytes.length;
    }
  }

  async function deliver(received: AsReceived, sinceMs: number): Promise<void> {
    for (let failures = 0; ; failures += 1) {
      if (ending.signal.aborted) return metrics.lost('stopped');
      try {
        await send(received);
        return;
      } catch (error) {
        if (!(error instanceof NotForwarded)) throw error;
        const { retryAfterSeconds } = error;
        if (retryAfterSeconds === null) return metrics.lost('refused');
        const pauseMs = 1_000 * Math.min(Math.max(retryAfterSeconds, 2 ** failures), LONGEST_PAUSE_SECONDS);
        if (performance.now() + pauseMs - sinceMs > giveUpMs) return metrics.lost('late');
        await sleep(pauseMs, undefined, { signal: ending.signal }).catch(() => undefined);
      }
    }
  }

  async function stop(): Promise<void> {
    isStopped = true;
    const timer = setTimeout(() => ending.abort(), lastWordsMs);
    while (workers.size > 0) await Promise.race(workers);
    clearTimeout(timer);
  }

  return { push, [Symbol.asyncDispose]: stop };
}
