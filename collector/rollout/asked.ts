import type { Rollout } from '../../schemas/rollout.js';
import { ANY } from '../../schemas/rollout.js';

/** A tenant's calls under one policy; null: under whatever policy. */
export interface RolloutScope {
  readonly tenant: string;
  readonly policy: string | null;
}

/** What people asked for, to be looked up by scope. */
export interface Asked {
  readonly rollouts: readonly Rollout[];
  /**
   * The most specific rollout that covers a scope: the one of tenant and policy, else of the tenant, else of the policy,
   * else of everything. A scope has one rollout of each kind at most, so there is no tie.
   *
   * @param tenant null: nobody knows whose it is, and only what is asked for every tenant covers it
   * @param policy null: likewise
   */
  readonly covering: (tenant: string | null, policy: string | null) => Rollout | null;
}

/** @param rollouts the newest of each scope */
export function askedOf(rollouts: readonly Rollout[]): Asked {
  const byScope = new Map(rollouts.map((one) => [keyOf(one.tenant, one.policy), one]));
  return {
    rollouts,
    covering: (tenant, policy) => {
      const [ofTenant, ofPolicy] = [tenant ?? ANY, policy ?? ANY];
      return (
        byScope.get(keyOf(ofTenant, ofPolicy)) ??
        byScope.get(keyOf(ofTenant, ANY)) ??
        byScope.get(keyOf(ANY, ofPolicy)) ??
        byScope.get(keyOf(ANY, ANY)) ??
        null
      );
    },
  };
}

/** A string for a scope, different for any two. */
export function keyOfScope({ tenant, policy }: RolloutScope): string {
  return keyOf(tenant, policy ?? '');
}

function keyOf(tenant: string, policy: string): string {
  return `${tenant.length} ${tenant}${policy}`;
}
