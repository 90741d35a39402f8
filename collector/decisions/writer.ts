import type { DecisionReason, DecisionVerdict } from '../../schemas/decision.js';
import type { RolloutMode } from '../../schemas/rollout.js';
import type { Store } from '../store/client.js';
import { StoreUnavailable } from '../store/errors.js';
import { createRowWriter } from '../store/row-writer.js';
import { DAY_US } from '../store/questions/scope.js';

/** A decision as it is kept; amounts are decimal strings, times microseconds since 1970. */
export interface DecisionRow {
  readonly id: string;
  readonly decidedUs: number;
  readonly expiresUs: number;
  readonly tenant: string;
  readonly feature: string;
  readonly policy: string;
  readonly mode: RolloutMode;
  readonly answer: DecisionVerdict;
  readonly would: DecisionVerdict;
  readonly reason: DecisionReason;
  readonly isReserved: boolean;
  readonly isStale: boolean;
  readonly estimatedPico: bigint;
  /** Null: not known. */
  readonly usedUsd: string | null;
  readonly limitUsd: string | null;
  readonly periodFromUs: number;
  readonly traceId: string;
  readonly callId: string;
  readonly who: string;
}

type Row = ReturnType<typeof createRowWriter>;

const columns: readonly (readonly [string, (row: Row, one: DecisionRow) => void])[] = [
  ['day', (row, one) => row.date(Math.floor(one.decidedUs / DAY_US))],
  ['id', (row, one) => row.fixedAscii(one.id, 32)],
  ['decided_at', (row, one) => row.dateTime64(one.decidedUs)],
  ['expires_at', (row, one) => row.dateTime64(one.expiresUs)],
  ['tenant', (row, one) => row.string(one.tenant)],
  ['feature', (row, one) => row.string(one.feature)],
  ['policy', (row, one) => row.string(one.policy)],
  ['mode', (row, one) => row.string(one.mode)],
  ['answer', (row, one) => row.string(one.answer)],
  ['would', (row, one) => row.string(one.would)],
  ['reason', (row, one) => row.string(one.reason)],
  ['is_reserved', (row, one) => row.bool(one.isReserved)],
  ['is_stale', (row, one) => row.bool(one.isStale)],
  ['estimated_usd', (row, one) => row.pico(one.estimatedPico)],
  ['used_usd', (row, one) => row.nullableUsd(one.usedUsd)],
  ['limit_usd', (row, one) => row.nullableUsd(one.limitUsd)],
  ['period_from', (row, one) => row.dateTime64(one.periodFromUs)],
  ['trace_id', (row, one) => row.string(one.traceId)],
  ['call_id', (row, one) => row.string(one.callId)],
  ['who', (row, one) => row.string(one.who)],
];

const NAMES = columns.map(([name]) => name);

export interface DecisionWriterOptions {
  readonly store: Store;
  /** The least time from the start of one insert to the start of the next. */
  readonly minGapMs?: number;
  /** An insert that is not answered within this time has failed, and so have those who wait behind it. */
  readonly insertWithinMs?: number;
  /** More decisions than this never wait; who comes then is refused. */
  readonly maxWaiting?: number;
}

/** Keeps decisions in ClickHouse. */
export interface DecisionWriter extends AsyncDisposable {
  /** Resolves when it is durable. @throws StoreUnavailable where it is not, or may not be */
  readonly write: (row: DecisionRow) => Promise<void>;
}

interface Waiting {
  readonly row: DecisionRow;
  readonly done: () => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Starts a writer. Like the writer of spans it inserts at once where it is idle, and gathers the next batch while an
 * insert is under way: whoever waits is never behind more than two.
 */
export function startDecisionWriter(options: DecisionWriterOptions): DecisionWriter {
  const { store, minGapMs = 20, insertWithinMs = 2_000, maxWaiting = 20_000 } = options;
  let waiting: Waiting[] = [];
  let flushing: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;
  let lastInsertMs = -Infinity;

  function schedule(): void {
    if (flushing !== null || timer !== null || waiting.length === 0) return;
    timer = setTimeout(flushNow, Math.max(0, lastInsertMs + minGapMs - performance.now()));
  }

  function flushNow(): void {
    timer = null;
    const batch = waiting;
    waiting = [];
    lastInsertMs = performance.now();
    flushing = flush(batch).finally(() => {
      flushing = null;
      schedule();
    });
  }

  async function flush(batch: readonly Waiting[]): Promise<void> {
    try {
      const bytes = createRowWriter();
      for (const { row } of batch) for (const [, write] of columns) write(bytes, row);
      await store.insertRowBinary('decisions', NAMES, bytes.bytes(), insertWithinMs);
      for (const one of batch) one.done();
    } catch (error) {
      const late = waiting;
      // Who waits behind an insert that failed must not wait that long again.
      waiting = [];
      for (const one of [...batch, ...late]) one.fail(error);
    }
  }

  return {
    write: (row) => {
      if (waiting.length >= maxWaiting) {
        return Promise.reject(new StoreUnavailable(`${waiting.length} decisions wait for ClickHouse already.`));
      }
      return new Promise((done, fail) => {
        waiting.push({ row, done, fail });
        schedule();
      });
    },
    [Symbol.asyncDispose]: async () => {
      while (flushing !== null || waiting.length > 0) {
        if (timer !== null) clearTimeout(timer);
        if (flushing === null) flushNow();
        await flushing;
      }
    },
  };
}
