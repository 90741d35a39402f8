import type { SimulatedPolicy } from '../../schemas/simulation.js';
import type { RunningBlocks } from './running-sum.js';
import { addBlock, blocksResult, createRunningBlocks } from './running-sum.js';

/** Tenants that are counted one by one: a sender may make up any number of them. */
const MOST_COUNTED = 10_000;
const MOST_LISTED = 100;

/** Blocked calls by tenant. */
export interface BlockedTenants {
  readonly add: (
    tenant: string | null,
    call: { readonly costPico: bigint | null; readonly misattributed: boolean },
  ) => void;
  readonly result: () => Pick<SimulatedPolicy, 'tenants' | 'otherTenants'>;
}

/** Starts a count of blocked calls by tenant. Listed and others together are always all of them. */
export function createBlockedTenants(): BlockedTenants {
  const byTenant = new Map<string | null, RunningBlocks>();
  const uncounted = createRunningBlocks();
  return {
    add: (tenant, call) => {
      let blocks = byTenant.get(tenant);
      if (blocks === undefined && byTenant.size < MOST_COUNTED) {
        blocks = createRunningBlocks();
        byTenant.set(tenant, blocks);
      }
      addBlock(blocks ?? uncounted, call);
    },
    result: () => {
      const sorted = [...byTenant].toSorted(([a, one], [b, other]) => {
        const difference = other.blocked.costPico() - one.blocked.costPico();
        if (difference !== 0n) return difference > 0n ? 1 : -1;
        return (a ?? '') < (b ?? '') ? -1 : 1;
      });
      const others = createRunningBlocks();
      for (const blocks of [uncounted, ...sorted.slice(MOST_LISTED).map(([, rest]) => rest)]) {
        others.blocked.merge(blocks.blocked);
        others.falselyBlocked.merge(blocks.falselyBlocked);
      }
      return {
        tenants: sorted.slice(0, MOST_LISTED).map(([tenant, blocks]) => ({ tenant, ...blocksResult(blocks) })),
        otherTenants: blocksResult(others),
      };
    },
  };
}
