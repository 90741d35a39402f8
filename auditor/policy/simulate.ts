import { auditedAttributes } from '../../schemas/contract.js';
import type { AuditedAttribute } from '../../schemas/contract.js';
import type { BudgetPeriod, Simulation } from '../../schemas/simulation.js';
import type { CompiledContract } from '../contract.js';
import { parseUsd } from '../cost/usd.js';
import { isoMicros } from '../iso-micros.js';
import { problemOf } from '../trace/value-problem.js';
import { periodAt } from './budget-period.js';
import { resolvePolicy } from './resolve.js';
import { blocksResult, createRunningBlocks, createRunningSum } from './running-sum.js';
import type { Budget, Reporting, SimulatedBudget } from './simulated-budget.js';
import { createSimulatedBudget } from './simulated-budget.js';

/** An audited call, with what a simulation needs to know of it. */
export interface ReplayedCall {
  readonly startUs: number;
  readonly endUs: number;
  /** Units of 1e-12 dollars; null: unknown. */
  readonly costPico: bigint | null;
  /** Had blocking been on, the wrong tenant could have been stopped. */
  readonly misattributed: boolean;
  /** Whose call it is: the tenant at the origin, else as the call's station shows it. */
  readonly tenant: string | null;
  /** Null where the contract names enforcement points and the route crosses none. */
  readonly enforcementPoint: string | null;
  /** What the enforcement point saw; what the call's station shows where the route crosses none. */
  readonly seen: Readonly<Record<AuditedAttribute, string | null>>;
  /** What the origin showed. */
  readonly origin: Readonly<Record<AuditedAttribute, string | null>>;
}

export interface SimulationOptions extends Reporting {
  /** The calls that are counted start from here. Microseconds since 1970. */
  readonly fromUs: number;
  readonly toUs: number;
  readonly budgets: readonly Budget[];
  readonly contract: CompiledContract;
}

/** A replay that is under way; it keeps sums, and of the calls only those that are not booked yet. */
export interface Replay {
  /** Calls have to be added from here on, so that budgets are filled as they would have been. */
  readonly replayedFromUs: number;
  /** @throws RangeError where it starts before the call that was added last */
  readonly add: (call: ReplayedCall) => void;
  readonly result: () => Simulation;
}

/** The budgets of a contract, or those that are tried in their place. */
export function budgetsOf(
  { policies }: CompiledContract['source'],
  {
    policy,
    limitPico,
    per,
  }: { policy?: string | undefined; limitPico?: bigint | undefined; per?: BudgetPeriod | undefined },
): Budget[] {
  return policies.flatMap(({ id, limit }) => {
    const pico = limitPico ?? (limit === undefined ? null : parseUsd(String(limit.usd)));
    if (pico === null || (policy !== undefined && policy !== id)) return [];
    return [{ policy: id, limitPico: pico, per: per ?? limit?.per ?? 'month' }];
  });
}

/**
 * Starts to replay calls against budgets as if blocking had been on. The policy of a call is looked up by what its
 * enforcement point saw, since that is all that blocking could go by. A call that is blocked spends nothing, so the
 * replay and history part ways from the first block on; what the caller would have done next is not guessed.
 */
export function startReplay({ fromUs, toUs, budgets, contract, ...reporting }: SimulationOptions): Replay {
  const byPolicy = new Map(budgets.map((budget) => [budget.policy, createSimulatedBudget(budget, reporting)]));
  const replayedFromUs = Math.min(fromUs, ...budgets.map(({ per }) => periodAt(fromUs, per).fromUs));
  const [all, letThrough, outside] = [createRunningSum(), createRunningSum(), createRunningSum()];
  const blocks = createRunningBlocks();
  const escaped = {
    unattributed: createRunningSum(),
    unresolved: createRunningSum(),
    bypass: createRunningSum(),
    unknownCost: createRunningSum(),
  };
  let lastUs = -Infinity;

  const budgetOf = (policy: { readonly id: string } | null): SimulatedBudget | undefined =>
    policy === null ? undefined : byPolicy.get(policy.id);

  const sumFor = (call: ReplayedCall, isCounted: boolean) => {
    const { resolved } = resolvePolicy(call.seen, contract);
    const budget = budgetOf(resolved);
    if (resolved !== null && budget === undefined) return outside;
    const budgeted = { ...call, isCounted };
    if (contract.namesEnforcement && call.enforcementPoint === null) {
      budget?.addBypass(budgeted);
      return escaped.bypass;
    }
    if (budget === undefined) return isAttributed(call.seen, contract) ? escaped.unresolved : escaped.unattributed;
    const fate = budget.add(budgeted);
    if (fate === 'let-through') return letThrough;
    if (fate === 'unknown-cost') return escaped.unknownCost;
    if (isCounted && call.misattributed) blocks.falselyBlocked.add(call.costPico);
    return blocks.blocked;
  };

  /** A call that is blocked spends nothing, so no budget misses it. */
  const tellMissed = (call: ReplayedCall): void => {
    if (auditedAttributes.every((name) => call.origin[name] === call.seen[name])) return;
    const meant = budgetOf(resolvePolicy(call.origin, contract).resolved);
    if (meant !== budgetOf(resolvePolicy(call.seen, contract).resolved)) meant?.addLost(call);
  };

  return {
    replayedFromUs,
    add: (call) => {
      if (call.startUs < lastUs) throw new RangeError('Calls are replayed in order of their start.');
      lastUs = call.startUs;
      const isCounted = call.startUs >= fromUs;
      const sum = sumFor(call, isCounted);
      if (!isCounted) return;
      sum.add(call.costPico);
      all.add(call.costPico);
      if (sum !== blocks.blocked) tellMissed(call);
    },
    result: () => ({
      from: isoMicros(fromUs),
      to: isoMicros(toUs),
      replayedFrom: isoMicros(replayedFromUs),
      delayUs: reporting.delayUs,
      inFlight: reporting.inFlight,
      all: all.result(),
      ...blocksResult(blocks),
      letThrough: letThrough.result(),
      escaped: {
        unattributed: escaped.unattributed.result(),
        unresolved: escaped.unresolved.result(),
        bypass: escaped.bypass.result(),
        unknownCost: escaped.unknownCost.result(),
      },
      outside: outside.result(),
      policies: [...byPolicy.values()].map((budget) => budget.result(toUs)),
    }),
  };
}

function isAttributed(seen: ReplayedCall['seen'], contract: CompiledContract): boolean {
  return auditedAttributes.every((name) => {
    const value = seen[name];
    return !contract.required.includes(name) || (value !== null && problemOf(name, value, contract) === null);
  });
}
