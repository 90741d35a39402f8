import type { SimulatedPolicy, SimulatedTenant } from '../../schemas/simulation.js';

/** What blocking would have done to a tenant of a policy. */
export interface SimulatedRow {
  readonly policy: string;
  readonly of: SimulatedTenant;
}

/** Most spend first. @param tenant empty: all of them */
export function rowsOf(policies: readonly SimulatedPolicy[], tenant: string): SimulatedRow[] {
  return policies
    .flatMap(({ policy, tenants }) => tenants.map((of) => ({ policy, of })))
    .filter(({ of }) => tenant === '' || of.tenant === tenant)
    .toSorted((a, b) => concernOf(b.of) - concernOf(a.of));
}

function concernOf({ blocked, missed, overshootUsd }: SimulatedTenant): number {
  return Number(blocked.costUsd) + Number(missed.costUsd) + Number(overshootUsd);
}
