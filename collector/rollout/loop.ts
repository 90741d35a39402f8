import type { Logger } from 'pino';
import type { RolloutChange, RolloutWithdrawal, Rollout } from '../../schemas/rollout.js';
import { ANY } from '../../schemas/rollout.js';
import { isoMicros } from '../../auditor/iso-micros.js';
import type { Contract } from '../../schemas/contract.js';
import { writeAuditLog } from '../keys/audit-log.js';
import type { RoundsOptions } from '../rounds.js';
import { startRounds } from '../rounds.js';
import type { Store } from '../store/client.js';
import { StoreUnavailable } from '../store/errors.js';
import { askGate, durationUs, keepAnswer } from '../store/questions/gate.js';
import type { RolloutScope } from './asked.js';
import { askedOf } from './asked.js';
import type { Lock } from './lock.js';
import { effectiveMode, nextLock } from './lock.js';
import type { RolloutMetrics } from './metrics.js';
import type { EffectiveModes, ScopeState } from './modes.js';
import { createModes, reasonOf } from './modes.js';
import { scopesToAsk, scopeWords } from './scopes.js';
import {
  lastAskedUs,
  readMark,
  readRollouts,
  readStates,
  writeRollout,
  writeStates,
  writeWithdrawal,
} from './stored.js';

export interface RolloutLoopOptions {
  readonly store: Store;
  readonly contract: Contract;
  readonly metrics: RolloutMetrics;
  /** The present, microseconds since 1970. */
  readonly clockUs: () => number;
  readonly log: Logger;
  /** A clock that only goes forward, milliseconds. */
  readonly clockMs?: () => number;
  /** Whether it looks by itself; else only when `sync` and `judge` are called. */
  readonly isTimed?: boolean;
}

/** What keeps the modes: what people ask for comes in, what holds is told from memory. */
export interface Rollouts extends EffectiveModes, AsyncDisposable {
  /**
   * Keeps what somebody asks for. It holds when this resolves; the gate is asked for scopes of which it knows nothing yet.
   *
   * @param who id of the key
   */
  readonly set: (change: RolloutChange, who: string) => Promise<Rollout>;
  /**
   * Withdraws what is asked for in exactly this scope, so that what is asked for a wider one counts.
   *
   * @param who id of the key
   * @returns what was asked for until then; null: nothing was
   */
  readonly withdraw: (scope: RolloutWithdrawal, who: string) => Promise<Rollout | null>;
  /** Takes over what is in ClickHouse, where other processes write too. */
  readonly sync: () => Promise<void>;
  /** Asks the gate for every scope that is rolled out, and keeps what comes of it. */
  readonly judge: () => Promise<void>;
  /** Ends after the round that is under way; may be called twice. */
  readonly stop: () => Promise<void>;
}

/** What another process wrote holds here so soon. */
const SYNC_MS = 2_000;
/** Without an answer of ClickHouse for so long it counts as away. */
const FRESH_MS = 5 * SYNC_MS;
const LONGEST_BACKOFF_MS = 30_000;

/**
 * Starts to keep the modes. All state is in ClickHouse: what was asked, and of each scope what the gate answered and
 * since when, so that another process, or the next one, goes on where this one was. While ClickHouse is away what was
 * known last holds on, and says that it is stale.
 * Where nothing was ever known, everything is off.
 */
export async function startRollouts(options: RolloutLoopOptions): Promise<Rollouts> {
  const { store, contract, metrics, clockUs, log, isTimed = true } = options;
  const { every, closeAfter, reopenAfter } = contract.rollout;
  const times = { closeAfterUs: durationUs(closeAfter), reopenAfterUs: durationUs(reopenAfter) };
  const trustUs = times.closeAfterUs + durationUs(every);
  const modes = createModes({ ...options, trustUs, freshMs: FRESH_MS });
  metrics.watchScopes(() =>
    modes.states().flatMap((state) => (state.asked === 'off' ? [] : [modes.modeOf(state).mode])),
  );

  let heldMark = '';

  /** Reads everything anew only where anything changed: a thousand states hold up whoever asks meanwhile. */
  async function sync(): Promise<void> {
    const mark = await readMark(store);
    if (mark === heldMark) {
      modes.confirm();
      return;
    }
    const [rollouts, states] = await Promise.all([readRollouts(store), readStates(store)]);
    modes.hold(askedOf(rollouts), states);
    heldMark = mark;
  }

  async function judge(): Promise<void> {
    await sync();
    const kept: ScopeState[] = [];
    for (const scope of await scopesToAsk(store, contract, modes.asked(), modes.states(), clockUs())) {
      if (judging.isStopped()) break;
      const state = await judged(scope);
      if (state !== null && !(await keepIfChanged(state))) kept.push(state);
    }
    await writeStates(store, kept);
  }

  /** The state of a scope after another answer of the gate; null: there is nothing new to say of it. */
  async function judged(scope: RolloutScope): Promise<ScopeState | null> {
    const isRolledOut = (modes.asked().covering(scope.tenant, scope.policy)?.mode ?? 'off') !== 'off';
    const told = isRolledOut ? await askedGate(scope) : null;
    // Somebody may have asked for another mode meanwhile.
    const rollout = modes.asked().covering(scope.tenant, scope.policy);
    const before = modes.stateOf(scope);
    if (told !== null && rollout !== null && rollout.mode !== 'off') {
      return stateOf({ ...scope, lock: nextLock(before?.lock ?? null, told, clockUs(), times) }, rollout, before);
    }
    return before === null || (before.mode === 'off' && !before.lock.isOpen) ? null : turnedOff(before, rollout);
  }

  async function askedGate({ tenant, policy }: RolloutScope): Promise<Pick<Lock, 'gate' | 'blocker'>> {
    const nowUs = clockUs();
    const scope = policy === null ? { tenant } : { tenant, policy };
    const answer = await askGate(store, contract, scope, nowUs, contract.gate.window, false);
    // The history of the gate tells of turns, not of minutes.
    if (answer.answer !== modes.stateOf({ tenant, policy })?.lock.gate) await keepAnswer(store, answer, nowUs);
    return { gate: answer.answer, blocker: answer.blockers[0]?.message ?? '' };
  }

  /** The state of a scope with a lock, under a rollout or, where that is null, none. */
  function stateOf(
    { tenant, policy, lock }: Pick<ScopeState, 'tenant' | 'policy' | 'lock'>,
    rollout: Rollout | null,
    before: ScopeState | null,
  ): ScopeState {
    const asked = rollout?.mode ?? 'off';
    const mode = effectiveMode(asked, lock);
    const base = { tenant, policy, lock, mode, asked };
    if (before?.mode === mode) return { ...base, sinceUs: before.sinceUs, why: before.why };
    const sinceUs = Math.max(clockUs(), (before?.sinceUs ?? 0) + 1);
    return { ...base, sinceUs, why: reasonOf(rollout, lock, mode, tenant) };
  }

  /** For what is off the gate is not asked, so its lock must not stay open. */
  function turnedOff(before: ScopeState, rollout: Rollout | null): ScopeState {
    return stateOf({ ...before, lock: { ...before.lock, isOpen: false } }, rollout, before);
  }

  /** Writes down that the mode of a scope changed. @returns whether it did */
  async function keepIfChanged(state: ScopeState): Promise<boolean> {
    const { mode, asked, why } = state;
    const before = modes.stateOf(state);
    const isChanged =
      before === null ? mode !== 'off' : before.mode !== mode || before.lock.isOpen !== state.lock.isOpen;
    if (isChanged) await writeStates(store, [state]);
    modes.update(state);
    if (!isChanged) return false;
    if (before?.mode === mode) return true;
    metrics.changed(mode);
    const detail = `${mode} for ${scopeWords(state)}, where ${asked} is asked for: ${why}`;
    const { tenant, policy } = state;
    log.info({ tenant, policy, from: before?.mode ?? 'off', to: mode, asked, why }, 'The mode of a rollout changed');
    await writeAuditLog(store, { actor: 'waybill', action: 'rollout-changed', detail }, state.sinceUs);
    return true;
  }

  async function set({ tenant, policy, mode, why }: RolloutChange, who: string): Promise<Rollout> {
    const atUs = await nextChangeUs({ tenant, policy });
    const rollout = { tenant, policy, mode, who, why, at: isoMicros(atUs) };
    await writeRollout(store, rollout);
    const detail = `${mode} for ${scopeWords({ tenant, policy })}: ${why}`;
    await writeAuditLog(store, { actor: who, action: 'rollout-set', detail }, atUs);
    await follow(rollout);
    return rollout;
  }

  async function withdraw({ tenant, policy, why }: RolloutWithdrawal, who: string): Promise<Rollout | null> {
    const withdrawn = (await readRollouts(store)).find((one) => one.tenant === tenant && one.policy === policy);
    if (withdrawn === undefined) return null;
    const atUs = await nextChangeUs(withdrawn);
    await writeWithdrawal(store, { tenant, policy, who, why, at: isoMicros(atUs) });
    const detail = `${withdrawn.mode} for ${scopeWords({ tenant, policy })} is withdrawn: ${why}`;
    await writeAuditLog(store, { actor: who, action: 'rollout-withdrawn', detail }, atUs);
    await follow(withdrawn);
    return withdrawn;
  }

  /** Each change is a row of its own, also where the clock has not moved on. */
  async function nextChangeUs(scope: Pick<Rollout, 'tenant' | 'policy'>): Promise<number> {
    return Math.max(clockUs(), (await lastAskedUs(store, scope)) + 1);
  }

  /** Has every scope that a change may bear on follow at once what is asked for there now. */
  async function follow({ tenant, policy }: Rollout): Promise<void> {
    await sync();
    for (const state of modes.states()) {
      if ((tenant !== ANY && tenant !== state.tenant) || (policy !== ANY && policy !== state.policy)) continue;
      const covering = modes.asked().covering(state.tenant, state.policy);
      const isOff = covering === null || covering.mode === 'off';
      await keepIfChanged(isOff ? turnedOff(state, covering) : stateOf(state, covering, state));
    }
    judgeSoon();
  }

  /** Without waiting for it; where it fails, the rounds tell. */
  function judgeSoon(): void {
    if (isTimed) judging.next().catch(() => undefined);
  }

  const common = { longestBackoffMs: LONGEST_BACKOFF_MS, log };
  const judging = startRounds(judge, {
    ...common,
    intervalMs: isTimed ? durationUs(every) / 1_000 : 0,
    words: wordsOf('Asking the gate for rollouts'),
  });
  const syncing = startRounds(sync, {
    ...common,
    intervalMs: isTimed ? SYNC_MS : 0,
    words: wordsOf('Reading rollouts'),
  });
  // Where ClickHouse is away from the start, the rounds take it up when it is back.
  await sync().catch(unlessAway);
  judgeSoon();
  const stop = async (): Promise<void> => {
    await Promise.all([judging.stop(), syncing.stop()]);
  };
  return {
    modeOf: modes.modeOf,
    set,
    withdraw,
    sync: syncing.next,
    judge: judging.next,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function unlessAway(error: unknown): void {
  if (!(error instanceof StoreUnavailable)) throw error;
}

function wordsOf(what: string): RoundsOptions['words'] {
  return {
    waits: `${what} waits for ClickHouse`,
    fails: `${what} failed`,
    goesOn: `ClickHouse answers again; ${what.toLowerCase()} goes on`,
  };
}
