import type { SimulatedSum } from '../../schemas/simulation.js';
import { formatUsd } from '../cost/usd.js';

/** A sum over calls that is still being made. */
export interface RunningSum {
  readonly add: (costPico: bigint | null) => void;
  /** Adds all of another sum. */
  readonly merge: (other: RunningSum) => void;
  /** Known costs so far, 1e-12 dollars. */
  readonly costPico: () => bigint;
  readonly result: () => SimulatedSum;
}

/** Starts a sum at nothing. An unknown cost is counted apart, never as zero. */
export function createRunningSum(): RunningSum {
  let calls = 0;
  let unknownCost = 0;
  let total = 0n;
  return {
    add: (costPico) => {
      calls += 1;
      if (costPico === null) unknownCost += 1;
      else total += costPico;
    },
    merge: (other) => {
      const added = other.result();
      calls += added.calls;
      unknownCost += added.unknownCost;
      total += other.costPico();
    },
    costPico: () => total,
    result: () => ({ calls, costUsd: formatUsd(total), unknownCost }),
  };
}

/** Blocked calls, and those of them that were blocked for another's spend. */
export interface RunningBlocks {
  readonly blocked: RunningSum;
  readonly falselyBlocked: RunningSum;
}

/** Starts a count of blocked calls. */
export function createRunningBlocks(): RunningBlocks {
  return { blocked: createRunningSum(), falselyBlocked: createRunningSum() };
}

/** Counts a call as blocked. */
export function addBlock(
  { blocked, falselyBlocked }: RunningBlocks,
  { costPico, misattributed }: { readonly costPico: bigint | null; readonly misattributed: boolean },
): void {
  blocked.add(costPico);
  if (misattributed) falselyBlocked.add(costPico);
}

/** Blocked calls as the answer shows them. */
export function blocksResult({ blocked, falselyBlocked }: RunningBlocks): {
  blocked: SimulatedSum;
  falselyBlocked: SimulatedSum;
} {
  return { blocked: blocked.result(), falselyBlocked: falselyBlocked.result() };
}
