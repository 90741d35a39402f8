import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { CompiledContract } from '../../auditor/contract.js';
import { formatUsd } from '../../auditor/cost/usd.js';
import { isoMicros } from '../../auditor/iso-micros.js';
import { periodAt } from '../../auditor/policy/budget-period.js';
import type { WatchedBudget } from '../../auditor/policy/budget-state.js';
import type { Decision, DecisionRequest } from '../../schemas/decision.js';
import type { EffectiveModes } from '../rollout/modes.js';
import { startRounds } from '../rounds.js';
import type { Store } from '../store/client.js';
import { StoreUnavailable } from '../store/errors.js';
import { watchedBudgets } from '../store/questions/budgets.js';
import { durationUs } from '../store/questions/gate.js';
import type { LimitVerdict } from './decide.js';
import { estimateOf, messageOf, policyOf, verdictOf } from './decide.js';
import { createLedger } from './ledger.js';
import type { DecisionMetrics } from './metrics.js';
import { readKnown } from './stored.js';
import type { DecisionRow } from './writer.js';
import { startDecisionWriter } from './writer.js';

export interface DecisionsOptions {
  readonly store: Store;
  readonly contract: CompiledContract;
  readonly modes: EffectiveModes;
  readonly metrics: DecisionMetrics;
  /** The present, microseconds since 1970. */
  readonly clockUs: () => number;
  readonly log: Logger;
  /** A clock that only goes forward, milliseconds. */
  readonly clockMs?: () => number;
  /** Whether it reads by itself; else only when `refresh` is called. */
  readonly isTimed?: boolean;
}

/** Decides, before a call is made, whether its budget allows it. */
export interface Decisions extends AsyncDisposable {
  /**
   * Decides and reserves. Between looking at what is left and reserving nothing is waited for, so callers that come
   * together cannot be given the same money. Where it holds to the answer, in `enforce`, the reservation is durable
   * before this resolves. It never throws for ClickHouse.
   *
   * @param who id of the key
   */
  readonly decide: (request: DecisionRequest, who: string) => Promise<Decision>;
  /** Reads what is spent and settled. */
  readonly refresh: () => Promise<void>;
}

const EVERY_MS = 1_000;
/** While nobody asks, what is spent is read less often. */
const IDLE_EVERY_MS = 10_000;
const IDLE_AFTER_MS = 60_000;
/** Reading takes at most this share of the time: the calls of a month may be many. */
const DUTY = 10;
/** Without an answer of ClickHouse for so long what is known is stale. */
const FRESH_MS = 3 * IDLE_EVERY_MS;
const LONGEST_BACKOFF_MS = 5_000;
/** A row may become visible so long after its own timestamp. */
const OVERLAP_US = 30_000_000;

/** Starts to decide. What is reserved and spent is read back before this resolves, unless ClickHouse is away. */
export async function startDecisions(options: DecisionsOptions): Promise<Decisions> {
  const { store, contract, modes, metrics, clockUs, log, clockMs = () => performance.now(), isTimed = true } = options;
  const budgets = watchedBudgets(contract.source);
  const budgetOf = new Map(budgets.map((one) => [one.policy, one]));
  const expireAfterUs = durationUs(contract.source.decisions.expireAfter);
  const ledger = createLedger(budgets);
  const writer = startDecisionWriter({ store });
  let askedMs = -Infinity;
  let readMs = -Infinity;
  let tookMs = 0;
  let lastUs: number | null = null;
  metrics.watchOpen(ledger.open);

  async function refresh(): Promise<void> {
    if (budgets.length === 0) return;
    const nowUs = clockUs();
    const startedMs = clockMs();
    const isFirst = lastUs === null;
    // The clock may have been set back.
    const fromUs = Math.min(lastUs ?? nowUs - expireAfterUs, nowUs);
    ledger.update(
      await readKnown(store, { budgets, nowUs, sinceUs: fromUs - OVERLAP_US, isFirst, isHeld: ledger.holds }),
    );
    lastUs = nowUs;
    readMs = clockMs();
    tookMs = readMs - startedMs;
  }

  async function refreshIfDue(): Promise<void> {
    const everyMs = clockMs() - askedMs > IDLE_AFTER_MS ? IDLE_EVERY_MS : EVERY_MS;
    if (clockMs() - readMs >= Math.max(everyMs, DUTY * tookMs) - EVERY_MS / 2) await refresh();
  }

  async function decide(request: DecisionRequest, who: string): Promise<Decision> {
    askedMs = clockMs();
    const under = policyOf(request, contract);
    const scope = { tenant: request.tenant ?? null, policy: under.id ?? request.policy ?? null };
    const { mode, reason: why, stale } = modes.modeOf(scope);
    const budget = under.id === null ? undefined : budgetOf.get(under.id);
    const nowUs = clockUs();
    const usedPico = budget === undefined ? null : ledger.usedPico(budget, nowUs);
    const isStale = stale || (budgets.length > 0 && clockMs() - readMs > FRESH_MS);
    const estimatePico = estimateOf(request, contract);
    const judged = judgedBy(budget, usedPico, estimatePico) ?? unjudged(request, under.reason, budget);
    const isReserved = mode !== 'off' && budget !== undefined && !(mode === 'enforce' && judged.would === 'deny');
    const answer = mode === 'enforce' ? judged.would : 'allow';
    const row: DecisionRow = {
      id: randomUUID().replaceAll('-', ''),
      decidedUs: nowUs,
      expiresUs: nowUs + expireAfterUs,
      tenant: request.tenant ?? '',
      feature: request.feature ?? '',
      policy: under.id ?? '',
      mode,
      answer,
      would: judged.would,
      reason: judged.reason,
      isReserved,
      isStale,
      estimatedPico: estimatePico,
      usedUsd: usedPico === null ? null : formatUsd(usedPico),
      limitUsd: budget === undefined ? null : formatUsd(budget.limitPico),
      periodFromUs: budget === undefined ? nowUs : periodAt(nowUs, budget.per).fromUs,
      traceId: request.traceId ?? '',
      callId: request.callId ?? '',
      who,
    };
    // Nothing is waited for from `usedPico` up to here: that is what keeps a limit.
    if (isReserved) ledger.reserve({ ...row, pico: estimatePico });
    metrics.decided(mode, answer);
    const told = mode === 'off' ? { reason: 'off' as const, message: why } : judged;
    return {
      decision: answer,
      would: judged.would,
      mode,
      reason: told.reason,
      message: told.message,
      policy: under.id,
      limitUsd: row.limitUsd,
      remainingUsd: remainingOf(budget, usedPico, isReserved ? estimatePico : 0n),
      reservationId: isReserved ? row.id : null,
      expiresAt: isReserved ? isoMicros(row.expiresUs) : null,
      durable: await keep(row),
      stale: isStale,
    };
  }

  /** Whether the reservation is durable. Only where it holds is it waited for. */
  async function keep(row: DecisionRow): Promise<boolean> {
    if (row.mode === 'off') return false;
    const kept = writer.write(row).then(
      () => true,
      (error: unknown) => {
        metrics.lost();
        if (!(error instanceof StoreUnavailable)) log.error({ err: error }, 'A decision could not be kept');
        return false;
      },
    );
    return row.mode === 'enforce' && row.isReserved ? kept : false;
  }

  const rounds = startRounds(refreshIfDue, {
    intervalMs: isTimed ? EVERY_MS : 0,
    longestBackoffMs: LONGEST_BACKOFF_MS,
    log,
    words: {
      waits: 'Decisions go by what was known last: ClickHouse is away',
      fails: 'What is spent could not be read for decisions',
      goesOn: 'Decisions know again what is spent',
    },
  });
  try {
    await refresh();
  } catch (error) {
    // Nobody is blocked on what was never known; the rounds go on to ask.
    if (!(error instanceof StoreUnavailable)) throw error;
    log.warn({ err: error }, 'What is spent is not known yet: decisions allow everything');
  }
  return {
    decide,
    refresh,
    [Symbol.asyncDispose]: async () => {
      await rounds.stop();
      await writer[Symbol.asyncDispose]();
    },
  };
}

function judgedBy(
  budget: WatchedBudget | undefined,
  usedPico: bigint | null,
  estimatePico: bigint,
): LimitVerdict | null {
  return budget === undefined || usedPico === null ? null : verdictOf(budget, usedPico, estimatePico);
}

/** Where there is nothing to go by, nothing is blocked. */
function unjudged(
  request: DecisionRequest,
  reason: ReturnType<typeof policyOf>['reason'],
  budget: WatchedBudget | undefined,
): LimitVerdict {
  const why = reason ?? (budget === undefined ? 'no-limit' : 'spend-unknown');
  return { would: 'allow', reason: why, message: messageOf(why, request) };
}

function remainingOf(budget: WatchedBudget | undefined, usedPico: bigint | null, ownPico: bigint): string | null {
  if (budget === undefined || usedPico === null) return null;
  const left = budget.limitPico - usedPico - ownPico;
  return formatUsd(left > 0n ? left : 0n);
}
