import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from 'pino';
import { auditCallByCall } from '../../auditor/audit.js';
import type { CompiledContract } from '../../auditor/contract.js';
import type { Neighbours } from '../../auditor/trace/neighbours.js';
import { neighboursOf } from '../../auditor/trace/neighbours.js';
import { startRounds } from '../rounds.js';
import type { Store } from '../store/client.js';
import { StoreUnavailable } from '../store/errors.js';
import type { AuditToWrite, WholeAudit } from '../store/audit-rows.js';
import { auditRows } from '../store/audit-rows.js';
import { insertAudits } from '../store/audits.js';
import type { Cut, Share } from '../store/cuts.js';
import { nameOf, oldestArrivalUs, readCuts, stepEndUs, writeCut } from '../store/cuts.js';
import type { SpanKeys } from '../store/payloads.js';
import { createSpanKeys, hasPayloads } from '../store/payloads.js';
import type { ReadTrace } from '../store/read-traces.js';
import { chunksOf, readTraces, spansOf } from '../store/read-traces.js';
import type { ArrivalWindow, SettledTrace } from '../store/settled.js';
import { settledTraces } from '../store/settled.js';
import { hasFindings, noticing } from './noticed.js';
import { placeArrivedRecords, recallRecords } from './records.js';
import type { ShareWork } from './shares.js';
import { createShares } from './shares.js';
import type { Sweeps } from './sweeps.js';
import { createSweeps, LOOK_BACK_US } from './sweeps.js';

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
  readonly audit?: typeof auditCallByCall;
  /** Makes a round; left out: nothing is done around it. */
  readonly around?: (round: () => Promise<void>) => Promise<void>;
  /** Is asked about audits with findings before they are written, and what it answers is called once they are. */
  readonly newsOf?: (audits: readonly WholeAudit[]) => Promise<() => void>;
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
  /** Every trace of its share that settled up to here is audited; microseconds since 1970, 0 before the first sweep. */
  readonly cutUs: number;
  /** Shares of auditors that are away, which it works beside its own. */
  readonly sharesHelped: number;
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
/** So many spans are audited in a few milliseconds, and requests that came meanwhile wait no longer. */
const TURN_SPANS = 1_000;
/** The calls of a trace with more spans are worked out while they are written: together they take hundreds of MiB. */
const WHOLE_SPANS = 10_000;
/** After so many traces in a row that cannot be read or written, the fault is not in the traces. */
const FAILURES_IN_A_ROW = 20;
/** Where nothing is to be audited the cut is kept less often; what lies behind it is soon looked through again. */
const CUT_EVERY_US = 10_000_000;
/** Not at the same microsecond as an insert of the receiver, which would then seem to have been seen. */
const PLACED_AFTER_US = 500;
const LONGEST_BACKOFF_MS = 10_000;
/** Where a round takes longer than the interval, the next has settled traces to audit already. */
const REST_MS = 50;
/** How often to look how far the other auditors have come. */
const OTHERS_EVERY_US = 5_000_000;

/** A share in work. Times are microseconds since 1970. */
interface Work extends ShareWork {
  cutWrittenUs: number;
  readonly sweeps: Sweeps;
}

/**
 * Starts the loop. All its state is in ClickHouse: after a crash it goes on from its cut, and does at most one round
 * again, which changes nothing, since an audit replaces the one before.
 */
export function startAuditLoop(options: AuditLoopOptions): AuditLoop {
  const { store, contract, clockUs, log, quietMs = 5_000, intervalMs = 1_000, share = { index: 0, of: 1 } } = options;
  const {
    maxSpansPerTrace,
    stepArrivals = 50_000,
    audit = auditCallByCall,
    newsOf,
    onCalls = () => {},
    around = (one) => one(),
  } = options;
  const stats = {
    sweeps: 0,
    traces: 0,
    calls: 0,
    failedTraces: 0,
    cutTraces: 0,
    overdueTraces: 0,
    cutUs: 0,
    sharesHelped: 0,
  };
  const quietUs = quietMs * 1_000;
  const shares = createShares(share, beginWith);
  let oldestUs: number | null = null;
  let lookedAtOthersUs: number | null = null;
  let failuresInARow = 0;
  let hasRecords = false;
  /** What arrived before and is of the share in work is audited. Spans of others call their records back when they are. */
  let auditedUntilUs = 0;

  function beginWith(work: ShareWork): Work {
    if (work.worker !== null)
      log.warn({ share: nameOf(work.share) }, 'Another auditor is behind; its share is worked here');
    return { ...work, cutWrittenUs: 0, sweeps: createSweeps(clockUs(), quietUs) };
  }

  async function round(): Promise<void> {
    const settledBeforeUs = clockUs() - quietUs;
    oldestUs ??= await oldestArrivalUs(store);
    if (oldestUs === null) return;
    const works = shares.toWork(await cutsOfAll(), settledBeforeUs);
    hasRecords ||= await hasPayloads(store);
    stats.sharesHelped = works.length - 1;
    for (const work of works) {
      work.cutUs ??= oldestUs - 1;
      await workShare(work, work.cutUs);
    }
    stats.sweeps += 1;
  }

  /** Null where it need not be known again. */
  async function cutsOfAll(): Promise<readonly Cut[] | null> {
    const nowUs = clockUs();
    const isAlone = share.of === 1;
    if (lookedAtOthersUs !== null && (isAlone || Math.abs(nowUs - lookedAtOthersUs) < OTHERS_EVERY_US)) return null;
    const cuts = await readCuts(store);
    lookedAtOthersUs = nowUs;
    return cuts;
  }

  /** Audits what has settled of a share since its cut, and looks back over what was swept before where it is time to. */
  async function workShare(work: Work, fromUs: number): Promise<void> {
    const nowUs = clockUs();
    const settledBeforeUs = nowUs - quietUs;
    // The clock was set back, and what arrives now lies behind the cut. What was seen before is not audited again.
    const startUs = fromUs > nowUs ? settledBeforeUs - LOOK_BACK_US : fromUs;
    work.cutUs = startUs;
    auditedUntilUs = startUs - LOOK_BACK_US;
    await auditWindow(
      { share: work.share, fromUs: startUs, toUs: settledBeforeUs, settledBeforeUs },
      async (doneUs, settled) => {
        work.cutUs = doneUs;
        if (work.worker === null) stats.cutUs = doneUs;
        if (settled === 0 && Math.abs(doneUs - work.cutWrittenUs) < CUT_EVERY_US) return;
        await writeCut(store, { share: work.share, worker: work.worker, cutUs: doneUs }, clockUs());
        work.cutWrittenUs = doneUs;
      },
      // Its own share must not wait for all that the auditor of another has left.
      work.worker === null ? Infinity : 1,
    );
    for (const { window, done } of work.sweeps.due(nowUs)) {
      await auditWindow({ share: work.share, ...window });
      done();
    }
  }

  /** Works through a window of arrivals step by step, and says after each how far it has come. */
  async function auditWindow(
    { fromUs, toUs, ...window }: ArrivalWindow,
    onStep?: (doneUs: number, settled: number) => Promise<void>,
    mostSteps = Infinity,
  ): Promise<void> {
    let atUs = fromUs;
    for (let step = 0; atUs < toUs && step < mostSteps; step += 1) {
      // Arrivals of other shares are counted, too.
      const endUs: number = Math.min((await stepEndUs(store, atUs, stepArrivals * window.share.of)) ?? toUs, toUs);
      const settled = await settledTraces(store, { ...window, fromUs: atUs, toUs: endUs });
      stats.overdueTraces += settled.filter(({ arrivalsUs }) =>
        arrivalsUs.some((us) => us > window.settledBeforeUs),
      ).length;
      if (!(await auditChunks(chunksOf(settled, CHUNK_SPANS)))) return;
      await onStep?.(endUs, settled.length);
      atUs = endUs;
    }
  }

  /** Audits chunk by chunk: while one is written the next is audited, and that after it read. False where the loop was stopped. */
  async function auditChunks(chunks: readonly (readonly SettledTrace[])[]): Promise<boolean> {
    let reading = readAhead(chunks[0] ?? []);
    let last: Promise<void> = Promise.resolve();
    try {
      for (const [i, chunk] of chunks.entries()) {
        if (rounds.isStopped()) return false;
        const [traces, before] = [reading, last];
        reading = readAhead(chunks[i + 1] ?? []);
        last = asked(auditChunk(chunk, traces));
        // Two chunks may want the same record.
        await (hasRecords ? last : before);
        await nextTurn();
      }
      await last;
      return true;
    } finally {
      await Promise.allSettled([last]);
    }
  }

  function read(chunk: readonly SettledTrace[]): Promise<Iterable<ReadTrace>> {
    return chunk.length === 0 ? Promise.resolve([]) : readTraces(store, chunk, maxSpansPerTrace);
  }

  function readAhead(chunk: readonly SettledTrace[]): Promise<Iterable<ReadTrace>> {
    return asked(read(chunk));
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

  async function auditTogether(traces: Iterable<ReadTrace>): Promise<void> {
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
    stats.traces += rows.audits.starts.length;
    const calls = rows.callKeys.length;
    stats.calls += calls;
    if (calls > 0) onCalls();
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
      stats.cutTraces += 1;
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
    stats.failedTraces += 1;
    log.error({ err: error, traceId }, 'A trace could not be audited; its calls are not counted');
  }

  const rounds = startRounds(() => around(round), {
    intervalMs,
    restMs: REST_MS,
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

/** The same promise: whether it was kept is asked when it is wanted, which may be never. */
function asked<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
