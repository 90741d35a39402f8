import { diag } from '@opentelemetry/api';

/** How long an application that ends is held up at most. */
const LIMIT_MS = 2_000;

/** How often spans are sent between a signal and the end that the application chooses. */
const HURRIED_MS = 250;

/** What is used of Node's `process`. */
type Process = Pick<NodeJS.Process, 'on' | 'once' | 'listenerCount' | 'kill' | 'pid'>;

/** What is to be sent before the end. */
export interface Unsent {
  /** Sends all spans that have ended. */
  readonly flush: () => Promise<void>;
  /** Sends all spans that have ended while nothing else runs, within two seconds. */
  readonly sendAtOnce: () => void;
  /** How many spans have ended since the start. */
  readonly endedSpans: () => number;
  /** Ends the spans of what nobody waits for any more. */
  readonly endLeft: () => void;
}

/**
 * Sends what is left when the application ends, within two seconds, without changing how it ends: a signal that
 * nobody else listens for still ends the process as that signal would; where the application listens, it decides, and
 * spans are sent four times a second until then. Behind `process.exit()`, and behind an exception that nobody caught,
 * they are sent while the process waits.
 */
export function flushAtExit(process: Process, { flush, sendAtOnce, endedSpans, endLeft }: Unsent): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    // Once: a second Ctrl-C, while the first one is still flushing, ends the process at once.
    process.once(signal, () => {
      if (process.listenerCount(signal) > 0) {
        setInterval(() => void within(flush), HURRIED_MS).unref();
        return;
      }
      // Without a listener, Node does what the signal does by default, and the parent sees the true reason.
      endLeft();
      void within(flush).then(() => process.kill(process.pid, signal));
    });
  }
  let sent = 0;
  let tried = 0;
  // Comes whenever nothing is left to do: after a flush, too, so one that has nothing to send must not begin another.
  process.on('beforeExit', () => {
    endLeft();
    if (endedSpans() === sent) return;
    sent = endedSpans();
    void within(flush).then(() => (tried = sent));
  });
  // Whoever did not answer for two seconds is not waited for again.
  process.once('exit', () => {
    endLeft();
    if (endedSpans() > tried) sendAtOnce();
  });
}

/** Waits for a flush, but no longer than the limit: until then the process is kept running, and no longer. */
async function within(flush: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((done) => {
    timer = setTimeout(done, LIMIT_MS);
  });
  const flushed = flush().catch((error: unknown) =>
    diag.warn(`The last spans could not be sent: ${error instanceof Error ? error.message : String(error)}`),
  );
  try {
    await Promise.race([flushed, limit]);
  } finally {
    clearTimeout(timer);
  }
}
