import { ANY } from '../../schemas/rollout.js';
import type { Contract } from '../../schemas/contract.js';
import type { Store } from '../store/client.js';
import { durationUs } from '../store/questions/gate.js';
import { listScopes } from '../store/questions/scopes.js';
import type { Asked, RolloutScope } from './asked.js';
import { keyOfScope } from './asked.js';
import type { ScopeState } from './modes.js';

/** Scopes that the gate is asked for, most spend first; what is beyond stays unknown, and so is never enforced upon. */
const MOST_SCOPES = 1_000;

/**
 * The scopes for which the gate is to be asked: what a rollout names, what calls show where one says `*`, and each tenant
 * by itself, for requests that name no policy. Whose lock is open stays, calls or not, until it has closed.
 */
export async function scopesToAsk(
  store: Store,
  contract: Contract,
  asked: Asked,
  known: readonly ScopeState[],
  nowUs: number,
): Promise<RolloutScope[]> {
  const scopes = new Map<string, RolloutScope>();
  const add = (scope: RolloutScope): void => {
    scopes.set(keyOfScope(scope), scope);
  };
  for (const state of known) {
    const isOff = (asked.covering(state.tenant, state.policy)?.mode ?? 'off') === 'off';
    if (state.lock.isOpen || (isOff && state.mode !== 'off')) add(state);
  }
  const rolledOut = asked.rollouts.filter(({ mode }) => mode !== 'off');
  for (const { tenant, policy } of rolledOut) {
    if (tenant !== ANY) add({ tenant, policy: policy === ANY ? null : policy });
  }
  if (rolledOut.some(({ tenant, policy }) => tenant === ANY || policy === ANY)) {
    for (const scope of await seenScopes(store, contract, nowUs)) {
      const rollout = asked.covering(scope.tenant, scope.policy);
      if (rollout !== null && rollout.mode !== 'off') add(scope);
    }
  }
  return [...scopes.values()].slice(0, MOST_SCOPES);
}

async function seenScopes(store: Store, contract: Contract, nowUs: number): Promise<RolloutScope[]> {
  const window = { fromUs: nowUs - durationUs(contract.gate.window), toUs: nowUs };
  const rows = await listScopes(store, {}, window, MOST_SCOPES);
  return rows.flatMap(({ tenant, policy }) =>
    tenant === null ? [] : [{ tenant, policy: null }, ...(policy === null ? [] : [{ tenant, policy }])],
  );
}

/** A scope in words. */
export function scopeWords({ tenant, policy }: { readonly tenant: string; readonly policy: string | null }): string {
  return `${partWords('tenant', tenant)}, ${partWords('policy', policy)}`;
}

function partWords(name: string, value: string | null): string {
  return value === null || value === ANY ? `any ${name}` : `${name} ${value}`;
}
