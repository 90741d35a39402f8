import type { Store } from './client.js';
import { StoreUnavailable } from './errors.js';
import type { SpanRows } from './span-rows.js';
import { stampRows } from './span-rows.js';
import { spanColumns } from './spans.js';

export interface SpanWriterOptions {
  readonly store: Store;
  /** The present, microseconds since 1970. */
  readonly clockUs: () => number;
  /** The least time from the start of one insert to the start of the next; who comes after a longer pause does not wait. */
  readonly minGapMs?: number;
  /** An insert of so many spans does not wait for more. */
  readonly maxSpans?: number;
  /**
   * Where so many spans wait, they are inserted beside the insert that is under way; there are never more than two. What
   * an insert costs whatever its size is as much as two thousand rows, so that two small ones are worse than one.
   */
  readonly spansBeside?: number;
  /** An insert that is not answered within this time has failed, and so have those who wait behind it. */
  readonly insertWithinMs?: number;
  /** More spans than this are never held in memory; who comes then is refused. */
  readonly maxHeldSpans?: number;
}

/** Writes spans to ClickHouse, those that arrive together in one insert. */
export interface SpanWriter extends AsyncDisposable {
  /**
   * Resolves when the spans are durable.
   *
   * @throws StoreUnavailable where they are not, or may not be: whoever sent them should send them again
   */
  readonly write: (rows: SpanRows) => Promise<void>;
  /** Spans that wait or are being inserted. */
  readonly heldSpans: () => number;
  /** Writes what is waiting, then refuses everything; may be called twice. */
  readonly stop: () => Promise<void>;
}

/** A clock is corrected by less than this all the time. */
const SET_BACK_US = 1_000_000;

interface Waiting {
  readonly rows: SpanRows;
  readonly done: () => void;
  readonly fail: (error: unknown) => void;
}

/** While one waits for the disk, the rows of the other are received and read: with one alone both take turns. */
const INSERTS_AT_ONCE = 2;

/**
 * Starts a writer. A request that comes to an idle writer is inserted at once. While an insert is under way, or was
 * just begun, the next batch gathers: a slow database gets larger inserts and not more of them, and a busy one no more
 * parts a second than it can merge. Nothing is retried or kept here: the sender's own queue holds what was not acknowledged.
 */
export function startSpanWriter(options: SpanWriterOptions): SpanWriter {
  const { store, clockUs, minGapMs = 40, maxSpans = 20_000, spansBeside = 4_000 } = options;
  const { maxHeldSpans = 200_000, insertWithinMs = 6_000 } = options;
  const underWay = new Set<Promise<void>>();
  let waiting: Waiting[] = [];
  let waitingSpans = 0;
  let heldSpans = 0;
  let timer: NodeJS.Timeout | null = null;
  let lastInsertMs = -Infinity;
  let isStopped = false;
  let lastReceivedAtUs = 0;

  /**
   * Strictly increasing, since `received_at` tells one insert from another; but where the clock was set back it is
   * followed, for a trace that arrived in the future would not settle until then.
   */
  function nextReceivedAtUs(): number {
    const nowUs = clockUs();
    const isSetBack = nowUs < lastReceivedAtUs - SET_BACK_US;
    lastReceivedAtUs = isSetBack ? nowUs : Math.max(nowUs, lastReceivedAtUs + 1);
    return lastReceivedAtUs;
  }

  function write(rows: SpanRows): Promise<void> {
    const spans = rows.starts.length;
    if (isStopped) return Promise.reject(new StoreUnavailable('Waybill is shutting down.'));
    if (spans === 0) return Promise.resolve();
    if (heldSpans > 0 && heldSpans + spans > maxHeldSpans) {
      return Promise.reject(
        new StoreUnavailable(`${heldSpans} spans are waiting for ClickHouse, which is all that may.`),
      );
    }
    heldSpans += spans;
    waitingSpans += spans;
    return new Promise((done, fail) => {
      waiting.push({ rows, done, fail });
      schedule();
    });
  }

  function schedule(): void {
    if (waiting.length === 0 || !mayInsert()) return;
    const waitMs = lastInsertMs + minGapMs - performance.now();
    if (waitMs <= 0 || isStopped || waitingSpans >= maxSpans) insertNow();
    else timer ??= setTimeout(retry, waitMs);
  }

  function mayInsert(): boolean {
    return underWay.size === 0 || (underWay.size < INSERTS_AT_ONCE && waitingSpans >= spansBeside);
  }

  function retry(): void {
    timer = null;
    schedule();
  }

  function insertNow(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    lastInsertMs = performance.now();
    const flushing = flush(takeBatch()).finally(() => {
      underWay.delete(flushing);
      schedule();
    });
    underWay.add(flushing);
  }

  function takeBatch(): Waiting[] {
    let spans = 0;
    // The first always goes along, however large: a request is never split.
    const end = waiting.findIndex((one, i) => (spans += one.rows.starts.length) > maxSpans && i > 0);
    const batch = end === -1 ? waiting : waiting.slice(0, end);
    waiting = end === -1 ? [] : waiting.slice(end);
    waitingSpans -= count(batch);
    return batch;
  }

  async function flush(batch: readonly Waiting[]): Promise<void> {
    try {
      await insert(batch);
      for (const one of batch) one.done();
    } catch (error) {
      if (!(error instanceof StoreUnavailable) && batch.length > 1) {
        // One request has something that cannot be written: the others must not fail for it.
        heldSpans += count(batch);
        for (const one of batch) await flush([one]);
      } else for (const one of batch) one.fail(error);
      if (error instanceof StoreUnavailable) refuseWaiting(error);
    } finally {
      heldSpans -= count(batch);
    }
  }

  /** A sender gives up after some seconds, and must not spend them twice: behind an insert, then on its own. */
  function refuseWaiting(error: StoreUnavailable): void {
    const refused = waiting;
    waiting = [];
    waitingSpans = 0;
    heldSpans -= count(refused);
    for (const one of refused) one.fail(error);
  }

  async function insert(batch: readonly Waiting[]): Promise<void> {
    const receivedAtUs = nextReceivedAtUs();
    for (const { rows } of batch) stampRows(rows, receivedAtUs);
    // Copied also where there is but one: an insert that was given up may still be read when its rows are released.
    const bodies = batch.map(({ rows }) => rows.bytes);
    await store.insertRowBinary('spans', spanColumns, Buffer.concat(bodies), insertWithinMs);
  }

  async function stop(): Promise<void> {
    isStopped = true;
    while (underWay.size > 0 || waiting.length > 0) {
      if (underWay.size === 0) insertNow();
      await Promise.race(underWay);
    }
  }

  return { write, heldSpans: () => heldSpans, stop, [Symbol.asyncDispose]: stop };
}

function count(batch: readonly Waiting[]): number {
  return batch.reduce((sum, { rows }) => sum + rows.starts.length, 0);
}
