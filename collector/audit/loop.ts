import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { TraceAudit } from '../../auditor/audit.js';
import { auditTrace } from '../../auditor/audit.js';
import type { CompiledContract } from '../../auditor/contract.js';
import type { Neighbours } from '../../auditor/trace/neighbours.js';
import { neighboursOf } from '../../auditor/trace/neighbours.js';
import type { Store } from '../store/client.js';
import { StoreUnavailable } from '../store/errors.js';
import type { AuditToWrite } from '../store/audits.js';
import { writeAudits } from '../store/audits.js';
import type { ReadTrace, SettledTrace, Share } from '../store/settled.js';
import {
  chunksOf,
  oldestArrivalUs,
  readCut,
  readTraces,
  settledTraces,
  stepEndUs,
  writeCut,
} from '../store/settled.js';

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
}

/** What the loop has done since it started. */
export interface AuditStats {
  readonly sweeps: number;
  readonly traces: number;
  readonly calls: number;
  readonly failedTraces: number;
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
/** Arrivals that one step of a backlog works through. */
const STEP_ARRIVALS = 50_000;
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
 * Starts the loop. All its state is in ClickHouse: after a crash it goes on from its cut, and does at most one round
 * again, which changes nothing, since an audit replaces the one before.
 */
export function startAuditLoop(options: AuditLoopOptions): AuditLoop {
  const { store, contract, clockUs, log, quietMs = 5_000, intervalMs = 1_000, share = { index: 0, of: 1 } } = options;
  const stats = { sweeps: 0, traces: 0, calls: 0, failedTraces: 0, cutUs: 0 };
  const lastOverlapUs = OVERLAPS.map(() => clockUs());
  let cutUs: number | null = null;
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | null = null;
  let isStopped = false;
  let failures = 0;

  async function round(): Promise<void> {
    const nowUs = clockUs();
    const settledBeforeUs = nowUs - quietMs * 1_000;
    cutUs ??= (await readCut(store, share)) ?? (await firstCut());
    if (cutUs === null) return;
    let isDone = false;
    while (!isDone) {
      const stepUs = await stepEndUs(store, cutUs, STEP_ARRIVALS);
      isDone = stepUs === null || stepUs >= settledBeforeUs;
      const endUs: number = isDone ? settledBeforeUs : (stepUs ?? settledBeforeUs);
      if (endUs <= cutUs) break;
      await auditSettled(cutUs, endUs);
      cutUs = endUs;
      await writeCut(store, share, cutUs, nowUs);
      if (isStopped) return;
    }
    for (const [i, { everyUs, backUs }] of OVERLAPS.entries()) {
      if (nowUs - (lastOverlapUs[i] ?? 0) < everyUs) continue;
      await auditSettled(settledBeforeUs - backUs, settledBeforeUs);
      lastOverlapUs[i] = nowUs;
    }
    stats.sweeps += 1;
    stats.cutUs = cutUs;
  }

  async function firstCut(): Promise<number | null> {
    const oldestUs = await oldestArrivalUs(store);
    return oldestUs === null ? null : oldestUs - 1;
  }

  async function auditSettled(fromUs: number, settledBeforeUs: number): Promise<void> {
    const settled = await settledTraces(store, { fromUs, settledBeforeUs, share });
    for (const chunk of chunksOf(settled, CHUNK_SPANS)) {
      await auditChunk(chunk);
      await nextTurn();
    }
  }

  async function auditChunk(chunk: readonly SettledTrace[]): Promise<void> {
    const traces = await readTraces(store, chunk);
    const neighbours = neighboursOf(traces.flatMap(({ spans }) => spans));
    const audits = traces.flatMap((trace) => auditOne(trace, neighbours));
    await writeAudits(store, audits, clockUs());
    stats.traces += audits.length;
    stats.calls += audits.reduce((sum, { audit }) => sum + audit.calls.length, 0);
  }

  function auditOne(trace: ReadTrace, neighbours: Neighbours): AuditToWrite[] {
    const { traceId, spans, seenUs, firstDay, mayHaveCalls } = trace;
    if (spans.length === 0) return [];
    try {
      const audit: TraceAudit = auditTrace(spans, contract, neighbours);
      return [{ audit, seenUs, firstDay, mayHaveCalls }];
    } catch (error) {
      stats.failedTraces += 1;
      log.error({ err: error, traceId }, 'A trace could not be audited; its calls are not counted');
      return [];
    }
  }

  function sweep(): Promise<void> {
    running = running.catch(() => undefined).then(round);
    return running;
  }

  function plan(delayMs: number): void {
    if (isStopped || intervalMs === 0) return;
    timer = setTimeout(() => {
      void sweep().then(
        () => {
          if (failures > 0) log.info('ClickHouse answers again; the audit goes on');
          failures = 0;
          plan(intervalMs);
        },
        (error: unknown) => {
          if (failures === 0) {
            const message =
              error instanceof StoreUnavailable ? 'The audit waits for ClickHouse' : 'A round of the audit failed';
            log.warn({ err: error }, message);
          }
          failures += 1;
          plan(Math.min(intervalMs * 2 ** failures, LONGEST_BACKOFF_MS));
        },
      );
    }, delayMs);
  }

  async function stop(): Promise<void> {
    isStopped = true;
    if (timer !== null) clearTimeout(timer);
    await running.catch(() => undefined);
  }

  plan(intervalMs);
  return { sweep, stats: () => ({ ...stats }), stop, [Symbol.asyncDispose]: stop };
}
