import { startRounds } from '../rounds.js';
import type { Cut, Share } from '../store/cuts.js';
import { nameOf, oldestArrivalUs, readCuts, stepEndUs, writeCut } from '../store/cuts.js';
import { hasPayloads } from '../store/payloads.js';
import type { ArrivalWindow } from '../store/settled.js';
import { settledTraces } from '../store/settled.js';
import type { ShareWork } from './shares.js';
import { createShares } from './shares.js';
import type { Sweeps } from './sweeps.js';
import { createSweeps, LOOK_BACK_US } from './sweeps.js';
import type { TraceAuditorOptions, TraceCounts } from './trace-auditor.js';
import { createTraceAuditor } from './trace-auditor.js';

/** How traces are audited, and when. */
export interface AuditLoopOptions extends TraceAuditorOptions {
  /** A trace is settled when nothing has arrived for it for so long. */
  readonly quietMs?: number;
  /** How often to look for settled traces; 0: only when `sweep` is called. */
  readonly intervalMs?: number;
  readonly share?: Share;
  /** Arrivals that one step of a backlog works through. */
  readonly stepArrivals?: number;
  /** Makes a round; left out: nothing is done around it. */
  readonly around?: (round: () => Promise<void>) => Promise<void>;
}

/** What the loop has done since it started. */
export interface AuditStats extends TraceCounts {
  readonly sweeps: number;
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

/** Where nothing is to be audited the cut is kept less often; what lies behind it is soon looked through again. */
const CUT_EVERY_US = 10_000_000;
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
  const { store, clockUs, log, quietMs = 5_000, intervalMs = 1_000, share = { index: 0, of: 1 } } = options;
  const { stepArrivals = 50_000, around = (one) => one() } = options;
  const auditor = createTraceAuditor(options);
  const stats = { sweeps: 0, overdueTraces: 0, cutUs: 0, sharesHelped: 0 };
  const quietUs = quietMs * 1_000;
  const shares = createShares(share, beginWith);
  let oldestUs: number | null = null;
  let lookedAtOthersUs: number | null = null;
  let hasRecords = false;

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
    // What arrived before and is of this share is audited. Spans of others call their records back when they are.
    const auditedUntilUs = startUs - LOOK_BACK_US;
    await auditWindow(
      { share: work.share, fromUs: startUs, toUs: settledBeforeUs, settledBeforeUs },
      auditedUntilUs,
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
      await auditWindow({ share: work.share, ...window }, auditedUntilUs);
      done();
    }
  }

  /** Works through a window of arrivals step by step, and says after each how far it has come. */
  async function auditWindow(
    { fromUs, toUs, ...window }: ArrivalWindow,
    auditedUntilUs: number,
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
      const { isStopped } = rounds;
      if (!(await auditor.auditAll(settled, { hasRecords, auditedUntilUs, isStopped }))) return;
      await onStep?.(endUs, settled.length);
      atUs = endUs;
    }
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
  return { sweep: rounds.next, stats: () => ({ ...auditor.counts(), ...stats }), stop, [Symbol.asyncDispose]: stop };
}
