import { isoMicros } from '../../auditor/iso-micros.js';
import type { GateAnswer } from '../../schemas/gate.js';
import type { Rollout, RolloutMode } from '../../schemas/rollout.js';
import type { Asked, RolloutScope } from './asked.js';
import { askedOf, keyOfScope } from './asked.js';
import type { Lock } from './lock.js';
import { effectiveMode } from './lock.js';

/** What holds for one request. */
export interface EffectiveMode {
  /** The lower of what was asked and what the gate allows: do no more than this. */
  readonly mode: RolloutMode;
  /** What people asked for; `off` where they never did. */
  readonly asked: RolloutMode;
  /** Why the mode is what it is, in a sentence for a person. */
  readonly reason: string;
  /** Since when it is so, ISO 8601; null: it never was otherwise. */
  readonly since: string | null;
  /** Whether this is only what was known last: ClickHouse is away, or the gate has not answered for too long. */
  readonly stale: boolean;
  /** The last answer of the gate for this scope; `unknown`: it never answered. */
  readonly gate: GateAnswer['answer'] | 'unknown';
  /** Its first blocker; empty: none. */
  readonly blocker: string;
  /** What was asked for, by whom and why; null: nothing covers the scope. */
  readonly rollout: Rollout | null;
}

/** Tells how far enforcement is rolled out, from memory: it never waits and never throws. */
export interface EffectiveModes {
  /**
   * What holds for a tenant's request under a policy. Null where one is not known; a request of whom nobody knows is
   * never enforced upon, nor is a scope of which the gate knows nothing.
   *
   * @example
   * if (modes.modeOf({ tenant: 'acme', policy: 'pro-monthly' }).mode === 'enforce') block();
   */
  readonly modeOf: (scope: { readonly tenant: string | null; readonly policy: string | null }) => EffectiveMode;
}

/** What is known of a scope that is, or was, rolled out. */
export interface ScopeState extends RolloutScope {
  readonly mode: RolloutMode;
  readonly asked: RolloutMode;
  /** Since when the mode holds, microseconds since 1970. */
  readonly sinceUs: number;
  /** Why it changed then. */
  readonly why: string;
  readonly lock: Lock;
}

/** The modes in memory, and how to put newer ones in their place. */
export interface HeldModes extends EffectiveModes {
  /** Takes what ClickHouse holds at this moment. */
  readonly hold: (asked: Asked, states: readonly ScopeState[]) => void;
  /** Takes note that ClickHouse holds at this moment what it held when it was taken last. */
  readonly confirm: () => void;
  /** Takes what was found out about one scope since. */
  readonly update: (state: ScopeState) => void;
  readonly asked: () => Asked;
  readonly states: () => readonly ScopeState[];
  readonly stateOf: (scope: RolloutScope) => ScopeState | null;
}

export interface ModesOptions {
  /** A lock that was not answered for within this may be wrong: it is marked, and not believed after a restart. */
  readonly trustUs: number;
  /** What is read from ClickHouse is read again all the time; older than this, ClickHouse is away. */
  readonly freshMs: number;
  /** The present, microseconds since 1970. */
  readonly clockUs: () => number;
  /** A clock that only goes forward, milliseconds. */
  readonly clockMs?: () => number;
}

/** Creates the memory of modes, in which everything is off until something is held. */
export function createModes({ trustUs, freshMs, clockUs, clockMs = () => performance.now() }: ModesOptions): HeldModes {
  let asked = askedOf([]);
  let states = new Map<string, ScopeState>();
  /** Times as they are told, made once and not for each request. */
  const told = new WeakMap<ScopeState, string>();
  let heldMs = -Infinity;
  // While nothing ran nobody asked the gate: an open lock of that time must show that it still is.
  const believedFromUs = clockUs() - trustUs;

  const stateOf = (scope: RolloutScope): ScopeState | null => states.get(keyOfScope(scope)) ?? null;

  function sinceOf(state: ScopeState): string {
    const known = told.get(state);
    if (known !== undefined) return known;
    const since = isoMicros(state.sinceUs);
    told.set(state, since);
    return since;
  }

  return {
    hold: (newAsked, newStates) => {
      asked = newAsked;
      states = new Map(newStates.map((one) => [keyOfScope(one), one]));
      heldMs = clockMs();
    },
    confirm: () => {
      heldMs = clockMs();
    },
    update: (state) => {
      states.set(keyOfScope(state), state);
    },
    asked: () => asked,
    states: () => [...states.values()],
    stateOf,
    modeOf: ({ tenant, policy }) => {
      const isAway = clockMs() - heldMs > freshMs;
      const rollout = asked.covering(tenant, policy);
      if (rollout === null) return { ...NEVER_ASKED, stale: isAway };
      const state = tenant === null ? null : stateOf({ tenant, policy });
      const lock = state !== null && state.lock.answeredUs >= believedFromUs ? state.lock : null;
      const mode = effectiveMode(rollout.mode, lock);
      return {
        mode,
        asked: rollout.mode,
        reason: reasonOf(rollout, lock, mode, tenant),
        since: state?.mode === mode ? sinceOf(state) : rollout.at,
        stale: isAway || (lock !== null && rollout.mode !== 'off' && clockUs() - lock.answeredUs > trustUs),
        gate: lock?.gate ?? 'unknown',
        blocker: lock?.blocker ?? '',
        rollout,
      };
    },
  };
}

const NOBODY_ASKS = 'Nobody asks for a rollout that covers this scope.';

const NEVER_ASKED = {
  mode: 'off',
  asked: 'off',
  reason: NOBODY_ASKS,
  since: null,
  gate: 'unknown',
  blocker: '',
  rollout: null,
} as const;

/** Why a mode holds, in a sentence for a person. @param rollout null: nothing covers the scope */
export function reasonOf(rollout: Rollout | null, lock: Lock | null, mode: RolloutMode, tenant: string | null): string {
  if (rollout === null) return NOBODY_ASKS;
  const { mode: asked, who, why } = rollout;
  if (asked !== 'enforce') return `'${asked}' was asked for by ${who}: ${why}`;
  if (tenant === null) return 'Nobody knows whose the request is, and an unknown tenant is never enforced upon.';
  if (lock === null) return 'The gate has not answered for this scope, and an unknown scope is never enforced upon.';
  if (lock.gate !== 'ready') {
    return mode === 'enforce' ? `The gate was ready until a moment ago: ${lock.blocker}` : lock.blocker;
  }
  return mode === 'enforce' ? 'The gate is ready.' : 'The gate is ready again, and has to stay so for a while.';
}
