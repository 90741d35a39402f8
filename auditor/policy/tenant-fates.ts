import type { SimulatedPolicy } from '../../schemas/simulation.js';
import { formatUsd } from '../cost/usd.js';
import type { RunningBlocks, RunningSum } from './running-sum.js';
import { addBlock, blocksResult, createRunningBlocks, createRunningSum } from './running-sum.js';

/** Tenants that are counted one by one: a sender may make up any number of them. */
const MOST_COUNTED = 10_000;
const MOST_LISTED = 100;

/** What blocking would have done to each tenant of a budget. */
export interface TenantFates {
  readonly addBlock: (
    tenant: string | null,
    call: { readonly costPico: bigint | null; readonly misattributed: boolean },
  ) => void;
  /** A call that the budget was meant for, and never counts. */
  readonly addMiss: (tenant: string | null, costPico: bigint | null) => void;
  /** A call took the budget so far over its limit: 1e-12 dollars, more than nothing. */
  readonly addOvershoot: (tenant: string | null, overPico: bigint) => void;
  readonly result: () => Pick<SimulatedPolicy, 'tenants' | 'otherTenants'>;
}

interface Fate extends RunningBlocks {
  readonly missed: RunningSum;
  overPico: bigint;
}

/** Starts a count by tenant. Listed and others together are always all of them. */
export function createTenantFates(): TenantFates {
  const byTenant = new Map<string | null, Fate>();
  const uncounted = createFate();
  const of = (tenant: string | null): Fate => {
    let fate = byTenant.get(tenant);
    if (fate === undefined && byTenant.size < MOST_COUNTED) {
      fate = createFate();
      byTenant.set(tenant, fate);
    }
    return fate ?? uncounted;
  };
  return {
    addBlock: (tenant, call) => addBlock(of(tenant), call),
    addMiss: (tenant, costPico) => of(tenant).missed.add(costPico),
    addOvershoot: (tenant, overPico) => {
      of(tenant).overPico += overPico;
    },
    result: () => {
      const sorted = [...byTenant].toSorted(([a, one], [b, other]) => {
        const difference = concernOf(other) - concernOf(one);
        if (difference !== 0n) return difference > 0n ? 1 : -1;
        return (a ?? '') < (b ?? '') ? -1 : 1;
      });
      const others = createFate();
      for (const fate of [uncounted, ...sorted.slice(MOST_LISTED).map(([, rest]) => rest)]) {
        others.blocked.merge(fate.blocked);
        others.falselyBlocked.merge(fate.falselyBlocked);
        others.missed.merge(fate.missed);
        others.overPico += fate.overPico;
      }
      return {
        tenants: sorted.slice(0, MOST_LISTED).map(([tenant, fate]) => ({ tenant, ...fateResult(fate) })),
        otherTenants: fateResult(others),
      };
    },
  };
}

function createFate(): Fate {
  return { ...createRunningBlocks(), missed: createRunningSum(), overPico: 0n };
}

/** What a tenant would have cared about, 1e-12 dollars. */
function concernOf({ blocked, missed, overPico }: Fate): bigint {
  return blocked.costPico() + missed.costPico() + overPico;
}

function fateResult(fate: Fate): SimulatedPolicy['otherTenants'] {
  return { ...blocksResult(fate), missed: fate.missed.result(), overshootUsd: formatUsd(fate.overPico) };
}
