import { isoMicros } from '../../auditor/iso-micros.js';
import type { Rollouts, ScopeMode } from '../../schemas/rollout.js';
import type { Store } from '../store/client.js';
import { askedOf } from './asked.js';
import { readRollouts, readStates } from './stored.js';

/** What is asked for, and what holds in every scope that it covers, first where that is less than was asked. */
export async function listRollouts(store: Store): Promise<Omit<Rollouts, 'mayChange'>> {
  const [rollouts, states] = await Promise.all([readRollouts(store), readStates(store)]);
  const asked = askedOf(rollouts);
  const scopes = states.flatMap(({ tenant, policy, mode, sinceUs, why, lock }): ScopeMode[] => {
    const covering = asked.covering(tenant, policy);
    if (covering === null || covering.mode === 'off') return [];
    const { gate, blocker } = lock;
    return [{ tenant, policy, mode, asked: covering.mode, gate, blocker, since: isoMicros(sinceUs), why }];
  });
  return { rollouts, scopes: scopes.toSorted((a, b) => Number(a.mode === a.asked) - Number(b.mode === b.asked)) };
}
