import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from 'pino';
import { auditCallByCall } from '../../auditor/audit.js';
import type { CompiledContract } from '../../auditor/contract.js';
import type { Neighbours } from '../../auditor/trace/neighbours.js';
import { neighboursOf } from '../../auditor/trace/neighbours.js';
import type { AuditToWrite, WholeAudit } from '../store/audit-rows.js';
import { auditRows } from '../store/audit-rows.js';
import { insertAudits } from '../store/audits.js';
import type { Store } from '../store/client.js';
import { StoreUnavailable } from '../store/errors.js';
import type { SpanKeys } from '../store/payloads.js';
import { createSpanKeys } from '../store/payloads.js';
import type { ReadTrace } from '../store/read-traces.js';
import { chunksOf, readTraces, spansOf } from '../store/read-traces.js';
import type { SettledTrace } from '../store/settled.js';
import { hasFindings, noticing } from './noticed.js';
import { placeArrivedRecords, recallRecords } from './records.js';

/** How settled traces are audited. */
export interface TraceAuditorOptions {
  readonly store: Store;
  readonly contract: CompiledContract;
  /** The present, microseconds since 1970. */
  readonly clockUs: () => number;
  readonly log: Logger;
  /** Spans of one trace that are audited at most. */
  readonly maxSpansPerTrace?: number | undefined;
  /** How one trace is audited. */
  readonly audit?: typeof auditCallByCall | undefined;
  /** Is asked about audits with findings before they are written, and what it answers is called once they are. */
  readonly newsOf?: ((audits: readonly WholeAudit[]) => Promise<() => void>) | undefined;
  /** Is told when audits with calls in them are written. */
  readonly onCalls?: (() => void) | undefined;
}

/** What has been audited since it was made. */
export interface TraceCounts {
  readonly traces: number;
  readonly calls: number;
  /** Traces that could not be audited; one that is tried again counts again. */
  readonly failedTraces: number;
  /** Traces of which only a part was audited, for they have too many spans. */
  readonly cutTraces: number;
}

/** What else is known of the traces that are to be audited. */
export interface Surroundings {
  /** Whether gateways' records are stored, which may belong to the traces. */
  readonly hasRecords: boolean;
  /** What arrived before is audited; microseconds since 1970. Spans that come later call their records back themselves. */
  readonly auditedUntilUs: number;
  readonly isStopped: () => boolean;
}

/** Audits settled traces, and writes their audits. */
export interface TraceAuditor {
  /**
   * Audits traces; resolves with false where it was stopped meanwhile.
   *
   * @throws StoreUnavailable while ClickHouse is away
   * @throws Error where so many traces in a row failed that it cannot be due to them
   */
  readonly auditAll: (settled: readonly SettledTrace[], surroundings: Surroundings) => Promise<boolean>;
  readonly counts: () => TraceCounts;
}

const CHUNK_SPANS = 20_000;
/** So many spans are audited in a few milliseconds, and requests that came meanwhile wait no longer. */
const TURN_SPANS = 1_000;
/** The calls of a trace with more spans are worked out while they are written: together they take hundreds of MiB. */
const WHOLE_SPANS = 10_000;
/** After so many traces in a row that cannot be read or written, the fault is not in the traces. */
const FAILURES_IN_A_ROW = 20;
/** Not at the same microsecond as an insert of the receiver, which would then seem to have been seen. */
const PLACED_AFTER_US = 500;

/** Makes what audits settled traces. It keeps nothing of them but its counts. */
export function createTraceAuditor(options: TraceAuditorOptions): TraceAuditor {
  const { store, contract, clockUs, log, maxSpansPerTrace, audit = auditCallByCall, newsOf, onCalls } = options;
  const counts = { traces: 0, calls: 0, failedTraces: 0, cutTraces: 0 };
  let failuresInARow = 0;

  /** Goes chunk by chunk: while one is written the next is audited, and that after it read. */
  async function auditAll(settled: readonly SettledTrace[], surroundings: Surroundings): Promise<boolean> {
    const chunks = chunksOf(settled, CHUNK_SPANS);
    let reading = read(chunks[0] ?? []);
    let last: Promise<void> = Promise.resolve();
    try {
      for (const [i, chunk] of chunks.entries()) {
        if (surroundings.isStopped()) return false;
        const [traces, before] = [reading, last];
        reading = read(chunks[i + 1] ?? []);
        last = asked(auditChunk(chunk, surroundings, traces));
        // Two chunks may want the same record.
        await (surroundings.hasRecords ? last : before);
        await nextTurn();
      }
      await last;
      return true;
    } finally {
      await Promise.allSettled([last]);
    }
  }

  function read(chunk: readonly SettledTrace[]): Promise<Iterable<ReadTrace>> {
    return chunk.length === 0 ? Promise.resolve([]) : asked(readTraces(store, chunk, maxSpansPerTrace));
  }

  /** Audits traces together; where that fails, those that can be audited without the one that cannot. */
  async function auditChunk(
    chunk: readonly SettledTrace[],
    surroundings: Surroundings,
    reading = read(chunk),
  ): Promise<void> {
    try {
      await auditTogether(await reading, surroundings);
      failuresInARow = 0;
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error;
      const half = Math.ceil(chunk.length / 2);
      if (chunk.length === 1) {
        giveUp(chunk[0]?.traceId ?? '', error);
        failuresInARow += 1;
        if (failuresInARow > FAILURES_IN_A_ROW) throw error;
      } else for (const part of [chunk.slice(0, half), chunk.slice(half)]) await auditChunk(part, surroundings);
    }
  }

  async function auditTogether(
    traces: Iterable<ReadTrace>,
    { hasRecords, auditedUntilUs }: Surroundings,
  ): Promise<void> {
    if (hasRecords) {
      const all = [...traces];
      await placeArrivedRecords(store, contract, all, clockUs() + PLACED_AFTER_US, auditedUntilUs);
      await recallRecords(store, all, clockUs() + PLACED_AFTER_US);
    }
    const keys = createSpanKeys();
    const noticed: WholeAudit[] = [];
    const rows = await auditRows(auditsOf(traces, keys, noticed));
    const tellNews = await newsOf?.(noticed.filter(hasFindings));
    // First, since records look for the spans of audited traces by their keys alone.
    await keys.write(store);
    await insertAudits(store, rows, clockUs());
    tellNews?.();
    counts.traces += rows.audits.starts.length;
    const calls = rows.callKeys.length;
    counts.calls += calls;
    if (calls > 0) onCalls?.();
  }

  /** Audits one trace after the other, and lets the receiver have its turn now and then. */
  async function* auditsOf(
    traces: Iterable<ReadTrace>,
    keys: SpanKeys,
    noticed: WholeAudit[],
  ): AsyncGenerator<AuditToWrite> {
    const neighbours = neighboursOf(spansOf(traces));
    let spans = 0;
    for (const trace of traces) {
      keys.add(trace);
      const audits = auditOne(trace, neighbours);
      yield* newsOf === undefined ? audits : audits.map((one) => noticing(one, noticed));
      spans += trace.spans.length;
      if (spans < TURN_SPANS) continue;
      spans = 0;
      await nextTurn();
    }
  }

  function auditOne({ traceId, spans, isCut, ...rest }: ReadTrace, neighbours: Neighbours): AuditToWrite[] {
    if (spans.length === 0) return [];
    if (isCut) {
      counts.cutTraces += 1;
      log.warn({ traceId, spans: spans.length }, 'A trace has more spans than are audited; the others do not count');
    }
    try {
      const audited = audit(spans, contract, neighbours);
      // What is wrong with a trace shows here, and keeps back no other.
      const calls = spans.length > WHOLE_SPANS ? audited.calls : [...audited.calls];
      return [{ audit: { ...audited, calls }, ...rest }];
    } catch (error) {
      giveUp(traceId, error);
      return [];
    }
  }

  function giveUp(traceId: string, error: unknown): void {
    counts.failedTraces += 1;
    log.error({ err: error, traceId }, 'A trace could not be audited; its calls are not counted');
  }

  return { auditAll, counts: () => ({ ...counts }) };
}

/** The same promise: whether it was kept is asked when it is wanted, which may be never. */
function asked<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
