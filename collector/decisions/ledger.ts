import { periodAt } from '../../auditor/policy/budget-period.js';
import type { WatchedBudget } from '../../auditor/policy/budget-state.js';
import type { BudgetPeriod } from '../../schemas/simulation.js';

/** Money that is set aside for a call which is not audited yet. */
export interface Reservation {
  readonly id: string;
  readonly policy: string;
  /** Empty: nobody said. */
  readonly tenant: string;
  /** Trace in which the call is made; empty: not told. */
  readonly traceId: string;
  readonly pico: bigint;
  /** Microseconds since 1970, as all times here. */
  readonly decidedUs: number;
  readonly expiresUs: number;
}

/** An audited call that may settle a reservation. */
export interface SettlingCall {
  /** The reservation that it names; empty: none. */
  readonly reservationId: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly tenant: string;
  /** The policy that it resolved to; empty: none. */
  readonly policy: string;
  readonly startUs: number;
  readonly isUnpriced: boolean;
}

/** What ClickHouse knew at one moment. All of it is of the same moment, so that nothing counts twice. */
export interface Known {
  /** When it was asked for. */
  readonly asOfUs: number;
  /** Known spend by policy, in the period that held then. */
  readonly spentPico: ReadonlyMap<string, bigint>;
  /** Reservations that were made since the last time, by whatever process. */
  readonly reservations: readonly Reservation[];
  /** Calls that were audited since the last time. */
  readonly calls: readonly SettlingCall[];
}

/** Budgets in memory: what is spent, and what is set aside. It never waits. */
export interface Ledger {
  /** Spent and reserved in the period that holds a moment; null: it was never known. */
  readonly usedPico: (budget: WatchedBudget, nowUs: number) => bigint | null;
  readonly reserve: (reservation: Reservation) => void;
  /** Whether a reservation is known: to hear of it again changes nothing. */
  readonly holds: (id: string) => boolean;
  readonly update: (known: Known) => void;
  /** How many reservations count now. */
  readonly open: () => number;
}

/** `unpriced`: its call was audited, and nobody knows what it cost. Unknown is not zero, so the estimate goes on to count. */
type State = 'open' | 'settled' | 'unpriced';

interface Held extends Reservation {
  state: State;
  /** Whether a call names it: then it is not for those that name none. */
  isNamed: boolean;
}

/** A trace of which reservations know, with its calls that name none. */
interface HeldTrace {
  readonly held: Held[];
  readonly calls: Map<string, SettlingCall>;
}

/** By so much the clock of who makes the call may be behind ours. */
const SKEW_US = 1_000_000;

/**
 * Creates a ledger for budgets.
 *
 * A reservation is settled by the audited call that names it. Where it came with a trace id, and no call names it, a
 * call of that trace, tenant and policy settles it: the oldest one that was there when the call began, one call one
 * reservation. What is settled is kept until it expires, so that it is not taken for new when it is read again.
 *
 * Nothing expires while ClickHouse is away, since nobody could tell whether its call was made.
 */
export function createLedger(budgets: readonly WatchedBudget[]): Ledger {
  const per = new Map<string, BudgetPeriod>(budgets.map((one) => [one.policy, one.per]));
  const held = new Map<string, Held>();
  const traces = new Map<string, HeldTrace>();
  /** Traces in which something changed since calls settled what is in them. */
  const changed = new Set<HeldTrace>();
  /** What counts, by policy, and how many reservations that is: kept up with each change, since there may be a million. */
  const reserved = new Map<string, bigint>();
  let open = 0;
  let known: Pick<Known, 'asOfUs' | 'spentPico'> | null = null;

  function count({ policy, pico }: Held, sign: 1 | -1): void {
    reserved.set(policy, (reserved.get(policy) ?? 0n) + (sign === 1 ? pico : -pico));
    open += sign;
  }

  function become(one: Held, state: State): void {
    const changesCount = (one.state === 'settled') !== (state === 'settled');
    if (changesCount && held.get(one.id) === one) count(one, state === 'settled' ? -1 : 1);
    one.state = state;
  }

  function add(reservation: Reservation): void {
    if (held.has(reservation.id)) return;
    const one: Held = { ...reservation, state: 'open', isNamed: false };
    held.set(one.id, one);
    count(one, 1);
    if (one.traceId === '') return;
    const trace = traces.get(one.traceId) ?? { held: [], calls: new Map<string, SettlingCall>() };
    trace.held.push(one);
    traces.set(one.traceId, trace);
    changed.add(trace);
  }

  function settle(calls: readonly SettlingCall[]): void {
    for (const call of calls) {
      const named = held.get(call.reservationId);
      const trace = traces.get(named?.traceId ?? call.traceId);
      if (trace !== undefined) changed.add(trace);
      if (named !== undefined) {
        become(named, call.isUnpriced ? 'unpriced' : 'settled');
        named.isNamed = true;
      } else if (call.reservationId === '') trace?.calls.set(call.spanId, call);
    }
    for (const trace of changed) if (trace.calls.size > 0) settleTrace(trace, become);
    changed.clear();
  }

  function isOver({ policy, state, decidedUs, expiresUs }: Held, asOfUs: number): boolean {
    if (expiresUs > asOfUs) return false;
    const period = per.get(policy);
    return state !== 'unpriced' || period === undefined || periodAt(decidedUs, period).toUs <= asOfUs;
  }

  function dropOver(asOfUs: number): void {
    for (const one of held.values()) {
      if (!isOver(one, asOfUs)) continue;
      held.delete(one.id);
      if (one.state !== 'settled') count(one, -1);
      const trace = traces.get(one.traceId);
      if (trace?.held.every(({ id }) => !held.has(id)) === true) traces.delete(one.traceId);
    }
  }

  return {
    usedPico: ({ policy, per: period }, nowUs) => {
      if (known === null) return null;
      const isSamePeriod = periodAt(nowUs, period).fromUs === periodAt(known.asOfUs, period).fromUs;
      const spent = isSamePeriod ? (known.spentPico.get(policy) ?? 0n) : 0n;
      return spent + (reserved.get(policy) ?? 0n);
    },
    reserve: add,
    holds: (id) => held.has(id),
    update: ({ reservations, calls, ...rest }) => {
      known = rest;
      for (const one of reservations) add(one);
      settle(calls);
      dropOver(rest.asOfUs);
    },
    open: () => open,
  };
}

/** Gives the calls of a trace to its reservations, both in the order of time; always from the start, so that it is the same again. */
function settleTrace({ held, calls }: HeldTrace, become: (one: Held, state: State) => void): void {
  const taken = new Set<Held>();
  for (const { tenant, policy, startUs, isUnpriced } of [...calls.values()].toSorted((a, b) => a.startUs - b.startUs)) {
    const oldest = held
      .filter(
        (one) => !one.isNamed && one.tenant === tenant && one.policy === policy && one.decidedUs <= startUs + SKEW_US,
      )
      .toSorted((a, b) => a.decidedUs - b.decidedUs)
      .find((one) => !taken.has(one));
    if (oldest === undefined) continue;
    taken.add(oldest);
    become(oldest, isUnpriced ? 'unpriced' : 'settled');
  }
}
