import type { BudgetPeriod, SimulatedPeriod, SimulatedPolicy } from '../../schemas/simulation.js';
import { formatUsd } from '../cost/usd.js';
import { isoMicros } from '../iso-micros.js';
import type { PeriodBounds } from './budget-period.js';
import { periodAt } from './budget-period.js';
import type { RunningBlocks } from './running-sum.js';
import { addBlock, blocksResult, createRunningBlocks, createRunningSum } from './running-sum.js';
import { createTenantFates } from './tenant-fates.js';
import type { UnbookedSpend } from './unbooked-spend.js';
import { createUnbookedSpend } from './unbooked-spend.js';

/** How much a policy may spend in each calendar period. */
export interface Budget {
  readonly policy: string;
  readonly limitPico: bigint;
  readonly per: BudgetPeriod;
}

/** How soon spend is known where requests are blocked. */
export interface Reporting {
  /** From the end of a call until its cost is booked, microseconds. */
  readonly delayUs: number;
  /** Calls of a policy that run at a time at most; null: as many as really did. */
  readonly inFlight: number | null;
}

/** A call as its budget meets it. */
export interface BudgetedCall {
  readonly startUs: number;
  readonly endUs: number;
  readonly costPico: bigint | null;
  readonly misattributed: boolean;
  /** Whose call it really is, as far as is known. */
  readonly tenant: string | null;
  /** Whether it is in the window, or only fills the budget before it. */
  readonly isCounted: boolean;
}

/** One budget over time. */
export interface SimulatedBudget {
  /** Takes the next call, in order of start, and says what became of it. */
  readonly add: (call: BudgetedCall) => 'blocked' | 'let-through' | 'unknown-cost';
  /** Takes a call that goes round the enforcement point: nothing can block it, nor book it. */
  readonly addBypass: (call: BudgetedCall) => void;
  /** Takes a call of the window that was meant for it, and led elsewhere or nowhere where requests are blocked. */
  readonly addLost: (call: Pick<BudgetedCall, 'costPico' | 'tenant'>) => void;
  /** @param untilUs what is booked later is not seen any more */
  readonly result: (untilUs: number) => SimulatedPolicy;
}

/** Periods that are listed; an hourly budget over a year would have thousands. */
const MOST_PERIODS = 1_000;

interface OpenPeriod {
  readonly bounds: PeriodBounds;
  readonly unbooked: UnbookedSpend;
  readonly blocks: RunningBlocks;
  booked: bigint;
  letThrough: bigint;
  misattributed: bigint;
  ranOutUs: number | null;
  hasCountedCalls: boolean;
}

/**
 * Starts a budget. A call is blocked where, at its start, what is booked of its period has reached the limit; that is
 * what a gateway can know. What is let through before then and not yet booked is the overshoot.
 */
export function createSimulatedBudget({ policy, limitPico, per }: Budget, reporting: Reporting): SimulatedBudget {
  const blocks = createRunningBlocks();
  const letThrough = createRunningSum();
  const bypass = createRunningSum();
  const tenants = createTenantFates();
  const exhausted: SimulatedPeriod[] = [];
  let unknownCost = 0;
  let periods = 0;
  let exhaustedLeftOut = 0;
  let open: OpenPeriod | null = null;

  const bookUntil = (period: OpenPeriod, us: number): void =>
    period.unbooked.bookUntil(us, ({ atUs, costPico }) => {
      period.booked += costPico;
      if (period.booked >= limitPico) period.ranOutUs ??= atUs;
    });

  const close = (period: OpenPeriod, untilUs: number): void => {
    if (!period.hasCountedCalls) return;
    bookUntil(period, Math.min(untilUs, period.bounds.toUs - 1));
    periods += 1;
    if (period.ranOutUs === null && period.letThrough <= limitPico) return;
    if (exhausted.length < MOST_PERIODS) exhausted.push(periodResult(period, limitPico));
    else exhaustedLeftOut += 1;
  };

  const periodFor = (startUs: number): OpenPeriod => {
    if (open !== null && startUs < open.bounds.toUs) return open;
    if (open !== null) close(open, startUs);
    open = openPeriod(periodAt(startUs, per), reporting);
    return open;
  };

  return {
    add: (call) => {
      const period = periodFor(call.startUs);
      const { costPico, isCounted } = call;
      if (isCounted) period.hasCountedCalls = true;
      period.unbooked.makeRoom(call.startUs);
      bookUntil(period, call.startUs);
      if (period.booked >= limitPico) {
        // A limit under the smallest unit is zero, and was never anything else.
        period.ranOutUs ??= period.bounds.fromUs;
        if (isCounted) {
          for (const one of [blocks, period.blocks]) addBlock(one, call);
          tenants.addBlock(call.tenant, call);
        }
        return 'blocked';
      }
      // It holds its place while it runs, though its cost never reaches the books.
      period.unbooked.admit({ endUs: call.endUs, costPico: costPico ?? 0n });
      if (costPico === null) {
        if (isCounted) {
          unknownCost += 1;
          tenants.addMiss(call.tenant, null);
        }
        return 'unknown-cost';
      }
      const overBefore = over(period, limitPico);
      period.letThrough += costPico;
      const overBy = over(period, limitPico) - overBefore;
      if (call.misattributed) period.misattributed += costPico;
      if (isCounted) {
        letThrough.add(costPico);
        if (overBy > 0n) tenants.addOvershoot(call.tenant, overBy);
      }
      return 'let-through';
    },
    addBypass: ({ costPico, isCounted, tenant }) => {
      if (!isCounted) return;
      bypass.add(costPico);
      tenants.addMiss(tenant, costPico);
    },
    addLost: ({ costPico, tenant }) => tenants.addMiss(tenant, costPico),
    result: (untilUs) => {
      if (open !== null) close(open, untilUs);
      open = null;
      return {
        policy,
        limitUsd: formatUsd(limitPico),
        per,
        ...blocksResult(blocks),
        letThrough: letThrough.result(),
        unknownCost,
        bypass: bypass.result(),
        periods,
        exhausted,
        exhaustedLeftOut,
        ...tenants.result(),
      };
    },
  };
}

function openPeriod(bounds: PeriodBounds, { delayUs, inFlight }: Reporting): OpenPeriod {
  return {
    bounds,
    unbooked: createUnbookedSpend(delayUs, inFlight),
    blocks: createRunningBlocks(),
    booked: 0n,
    letThrough: 0n,
    misattributed: 0n,
    ranOutUs: null,
    hasCountedCalls: false,
  };
}

/** How far over its limit a period is. */
function over({ letThrough }: OpenPeriod, limitPico: bigint): bigint {
  return letThrough > limitPico ? letThrough - limitPico : 0n;
}

function periodResult(period: OpenPeriod, limitPico: bigint): SimulatedPeriod {
  const { bounds, ranOutUs, letThrough, misattributed } = period;
  return {
    from: isoMicros(bounds.fromUs),
    to: isoMicros(bounds.toUs),
    ranOutAt: ranOutUs === null ? null : isoMicros(ranOutUs),
    letThroughUsd: formatUsd(letThrough),
    overshootUsd: formatUsd(over(period, limitPico)),
    misattributedUsd: formatUsd(misattributed),
    ...blocksResult(period.blocks),
  };
}
