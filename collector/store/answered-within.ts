import { setTimeout as sleep } from 'node:timers/promises';
import { StoreUnavailable } from './errors.js';

/**
 * Waits for an answer of ClickHouse so long and no longer. The question itself is left to end as it may.
 *
 * @throws StoreUnavailable where the time is over
 */
export async function answeredWithin<T>(ms: number, answer: Promise<T>): Promise<T> {
  const over = new AbortController();
  const tooLate = sleep(ms, undefined, { signal: over.signal, ref: false }).then(() => {
    throw notWithin(ms);
  });
  return Promise.race([answer.finally(() => over.abort()), tooLate]);
}

/** ClickHouse may be stopped, hang or be drowned in work: there is no telling. */
export function notWithin(ms: number): StoreUnavailable {
  return new StoreUnavailable(`ClickHouse has not answered within ${ms / 1_000} s.`);
}
