import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from 'pino';
import { auditTrace } from '../../auditor/audit.js';
import type { CompiledContract } from '../../auditor/contract.js';
import type { Neighbours } from '../../auditor/trace/neighbours.js';
import { neighboursOf } from '../../auditor/trace/neighbours.js';
import { startRounds } from '../rounds.js';
import type { Store } from '../store/client.js';
import { StoreUnavailable } from '../store/errors.js';
import type { AuditToWrite } from '../store/audits.js';
import { writeAudits } from '../store/audits.js';
import type { Share } from '../store/cuts.js';
import { oldestArrivalUs, readCut, stepEndUs, writeCut } from '../store/cuts.js';
import { hasPayloads } from '../store/payloads.js';
import type { ReadTrace } from '../store/read-traces.js';
import { chunksOf, readTraces } from '../store/read-traces.js';
import type { SettledTrace } from '../store/settled.js';
import { settledTraces } from '../store/settled.js';
import { placeArrivedRecords, recallRecords } from './records.js';

export interface AuditLoopOptions {
  readonly store: Store;
  readonly contract: CompiledContract;
  /** The present, microseconds since 1970. */
  readonly clockUs: () => number;
  readonly log: Logger;
  /** A trace is settled when nothing has arrived for it for so long. */
  readonly quietMs?: number;
  /** How often to look for settled traces; 0: only when `sweep` is called. */
  readonly intervalMs?: number;
  readonly share?: Share;
  /** Spans of one trace that are audited at most. */
  readonly maxSpansPerTrace?: number;
  /** Arrivals that one step of a backlog works through. */
  readonly stepArrivals?: number;
  /** How one trace is audited. */
  readonly audit?: typeof auditTrace;
  /** Makes a round; left out: nothing is done around it. */
  readonly around?: (round: () => Promise<void>) => Promise<void>;
  /** Is asked about audits before they are written, and what it answers is called once they are. */
  readonly newsOf?: (audits: readonly AuditToWrite[]) => Promise<() => void>;
  /** Is told when audits with calls in them are written. */
  readonly onCalls?: () => void;
}

/** What the loop has done since it started. */
export interface AuditStats {
  readonly sweeps: number;
  readonly traces: number;
  readonly calls: number;
  /** Traces that could not be audited; one that is tried again counts again. */
  readonly failedTraces: number;
  /** Traces of which only a part was audited, for they have too many spans. */
  readonly cutTraces: number;
  /** Traces that were audited though spans kept coming; one that is audited again counts again. */
  readonly overdueTraces: number;
  /** Every trace that settled up to here is audited; microseconds since 1970, 0 before the first sweep. */
  readonly cutUs: number;
}

/** The loop that audits traces once they have settled. */
export interface AuditLoop extends AsyncDisposable {
  /** Does one round now. Rejects with `StoreUnavailable` while ClickHouse is away. */
  readonly sweep: () => Promise<void>;
  readonly stats: () => AuditStats;
  /** Ends the loop after the round that is under way; may be called twice. */
  readonly stop: () => Promise<void>;
}

const CHUNK_SPANS = 20_000;
/** After so many traces in a row that cannot be read or written, the fault is not in the traces. */
const FAILURES_IN_A_ROW = 20;
/** Where nothing is to be audited the cut is kept less often; what lies behind it is soon looked through again. */
const CUT_EVERY_US = 10_000_000;
/** Not at the same microsecond as an insert of the receiver, which would then seem to have been seen. */
const PLACED_AFTER_US = 500;
const LONGEST_BACKOFF_MS = 10_000;
const SECOND_US = 1_000_000;

/**
 * Rows become visible some time after their own timestamp, so a round looks back over ground that was swept before:
 * every half minute over the last minute, every hour over the last day. What has not changed is not audited again.
 */
const OVERLAPS = [
  { everyUs: 30 * SECOND_US, backUs: 60 * SECOND_US },
  { everyUs: 3_600 * SECOND_US, backUs: 86_400 * SECOND_US },
] as const;

/**
 * A trace for which spans keep coming never settles: as often as so many quiet periods pass it is audited as it stands,
 * so that nobody can keep spend out of sight by never ending a trace.
 */
const OVERDUE_QUIET_PERIODS = 12;

/**
 * Starts the loop. All its state is in ClickHouse: after a crash it goes on from its cut, and does at most one round
 * again, which changes nothing, since an audit replaces the one before.
 */
export function startAuditLoop(options: AuditLoopOptions): AuditLoop {
  const { store, contract, clockUs, log, quietMs = 5_000, intervalMs = 1_000, share = { index: 0, of: 1 } } = options;
  const {
    maxSpansPerTrace,
    stepArrivals = 50_000,
    audit = auditTrace,
    newsOf = async () => () => {},
    onCalls = () => {},
    around = (one) => one(),
  } = options;
  const stats = { sweeps: 0, traces: 0, calls: 0, failedTraces: 0, cutTraces: 0, overdueTraces: 0, cutUs: 0 };
  const lastOverlapUs = OVERLAPS.map(() => clockUs());
  const overdueUs = OVERDUE_QUIET_PERIODS * quietMs * 1_000;
  let lastOverdueUs = clockUs();
  let cutUs: number | null = null;
  let cutWrittenUs = 0;
  let failuresInARow = 0;
  let hasRecords = false;

  async function round(): Promise<void> {
    const nowUs = clockUs();
    const settledBeforeUs = nowUs - quietMs * 1_000;
    cutUs ??= (await readCut(store, share)) ?? (await firstCut());
    if (cutUs === null) return;
    // The clock was set back, and what arrives now lies behind the cut. What was seen before is not audited again.
    if (cutUs > nowUs) cutUs = settledBeforeUs - OVERLAPS[0].backUs;
    hasRecords ||= await hasPayloads(store);
    await auditWindow(cutUs, settledBeforeUs, settledBeforeUs, async (doneUs, settled) => {
      cutUs = doneUs;
      stats.cutUs = doneUs;
      if (settled === 0 && Math.abs(doneUs - cutWrittenUs) < CUT_EVERY_US) return;
      await writeCut(store, share, doneUs, clockUs());
      cutWrittenUs = doneUs;
    });
    for (const [i, { everyUs, backUs }] of OVERLAPS.entries()) {
      if (Math.abs(nowUs - (lastOverlapUs[i] ?? 0)) < everyUs) continue;
      await auditWindow(settledBeforeUs - backUs, settledBeforeUs, settledBeforeUs);
      lastOverlapUs[i] = nowUs;
    }
    if (Math.abs(nowUs - lastOverdueUs) >= overdueUs) {
      const fromUs = settledBeforeUs - overdueUs;
      await auditWindow(fromUs, settledBeforeUs, settledBeforeUs, undefined, fromUs + overdueUs / 2);
      lastOverdueUs = nowUs;
    }
    stats.sweeps += 1;
  }

  async function firstCut(): Promise<number | null> {
    const oldestUs = await oldestArrivalUs(store);
    return oldestUs === null ? null : oldestUs - 1;
  }

  /** Works through a window of arrivals step by step, and says after each how far it has come. */
  async function auditWindow(
    fromUs: number,
    toUs: number,
    settledBeforeUs: number,
    onStep?: (doneUs: number, settled: number) => Promise<void>,
    overdueBeforeUs = 0,
  ): Promise<void> {
    for (let atUs = fromUs; atUs < toUs;) {
      const endUs: number = Math.min((await stepEndUs(store, atUs, stepArrivals)) ?? toUs, toUs);
      const window = { fromUs: atUs, toUs: endUs, settledBeforeUs, overdueBeforeUs, share };
      const settled = await settledTraces(store, window);
      stats.overdueTraces += settled.filter(({ arrivalsUs }) => arrivalsUs.some((us) => us > settledBeforeUs)).length;
      if (!(await auditChunks(chunksOf(settled, CHUNK_SPANS)))) return;
      await onStep?.(endUs, settled.length);
      atUs = endUs;
    }
  }

  /** Audits chunk by chunk, and reads the next one meanwhile; false where the loop was stopped. */
  async function auditChunks(chunks: readonly (readonly SettledTrace[])[]): Promise<boolean> {
    let reading = read(chunks[0] ?? []);
    for (const [i, chunk] of chunks.entries()) {
      if (rounds.isStopped()) return false;
      const traces = reading;
      reading = read(chunks[i + 1] ?? []);
      // Whether it could be read is asked when it is wanted, which may be never.
      reading.catch(() => {});
      await auditChunk(chunk, traces);
      await nextTurn();
    }
    return true;
  }

  function read(chunk: readonly SettledTrace[]): Promise<readonly ReadTrace[]> {
    return chunk.length === 0 ? Promise.resolve([]) : readTraces(store, chunk, maxSpansPerTrace);
  }

  /** Audits traces together; where that fails, those that can be audited without the one that cannot. */
  async function auditChunk(chunk: readonly SettledTrace[], reading = read(chunk)): Promise<void> {
    try {
      await auditTogether(await reading);
      failuresInARow = 0;
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error;
      const half = Math.ceil(chunk.length / 2);
      if (chunk.length === 1) {
        giveUp(chunk[0]?.traceId ?? '', error);
        failuresInARow += 1;
        if (failuresInARow > FAILURES_IN_A_ROW) throw error;
      } else for (const part of [chunk.slice(0, half), chunk.slice(half)]) await auditChunk(part);
    }
  }

  async function auditTogether(traces: readonly ReadTrace[]): Promise<void> {
    if (hasRecords) {
      await placeArrivedRecords(store, contract, traces, clockUs() + PLACED_AFTER_US);
      await recallRecords(store, traces, clockUs() + PLACED_AFTER_US);
    }
    const neighbours = neighboursOf(traces.flatMap(({ spans }) => spans));
    const audits = traces.flatMap((trace) => auditOne(trace, neighbours));
    const tellNews = await newsOf(audits);
    await writeAudits(store, audits, clockUs());
    tellNews();
    stats.traces += audits.length;
    const calls = audits.reduce((sum, one) => sum + one.audit.calls.length, 0);
    stats.calls += calls;
    if (calls > 0) onCalls();
  }

  function auditOne({ traceId, spans, isCut, ...rest }: ReadTrace, neighbours: Neighbours): AuditToWrite[] {
    if (spans.length === 0) return [];
    if (isCut) {
      stats.cutTraces += 1;
      log.warn({ traceId, spans: spans.length }, 'A trace has more spans than are audited; the others do not count');
    }
    try {
      return [{ audit: audit(spans, contract, neighbours), ...rest }];
    } catch (error) {
      giveUp(traceId, error);
      return [];
    }
  }

  function giveUp(traceId: string, error: unknown): void {
    stats.failedTraces += 1;
    log.error({ err: error, traceId }, 'A trace could not be audited; its calls are not counted');
  }

  const rounds = startRounds(() => around(round), {
    intervalMs,
    longestBackoffMs: LONGEST_BACKOFF_MS,
    log,
    words: {
      waits: 'The audit waits for ClickHouse',
      fails: 'A round of the audit failed',
      goesOn: 'ClickHouse answers again; the audit goes on',
    },
  });
  const { stop } = rounds;
  return { sweep: rounds.next, stats: () => ({ ...stats }), stop, [Symbol.asyncDispose]: stop };
}
