import type { Policy } from '../../schemas/contract.js';
import type { CompiledContract } from '../contract.js';

/** Which policy of the contract a call falls under. */
export interface Resolution {
  /** The one policy that counts: named and covering the call, or else the only one that matches. */
  readonly resolved: Policy | null;
  /** The policy that the call names, whether or not it fits. */
  readonly named: Policy | null;
  /** Every policy whose match covers the call. */
  readonly matching: readonly Policy[];
}

/**
 * Resolves the policy of a call from what its station shows.
 *
 * @param policy the policy id that the call names, null where it names none
 */
export function resolvePolicy(
  { tenant, feature, policy }: { tenant: string | null; feature: string | null; policy: string | null },
  contract: CompiledContract,
): Resolution {
  const { policies } = contract.source;
  if (policies.length === 0) return { resolved: null, named: null, matching: [] };
  const matching = policies.filter((one) => covers(one, tenant, feature));
  if (policy === null) return { resolved: matching.length === 1 ? (matching[0] ?? null) : null, named: null, matching };
  const named = contract.policyById.get(policy) ?? null;
  return { resolved: matching.find((one) => one === named) ?? null, named, matching };
}

/** Whether a policy's match covers a tenant and a feature; what it does not mention, it does not ask for. */
export function covers({ match }: Policy, tenant: string | null, feature: string | null): boolean {
  return admits(match.tenant, tenant) && admits(match.feature, feature);
}

function admits(patterns: readonly string[] | undefined, value: string | null): boolean {
  if (patterns === undefined) return true;
  return value !== null && patterns.some((pattern) => matchesWildcard(pattern, value));
}

/** Compares a value with a pattern in which `*` stands for any run of characters. */
export function matchesWildcard(pattern: string, value: string): boolean {
  const [head = '', ...rest] = pattern.split('*');
  const tail = rest.pop();
  if (tail === undefined) return pattern === value;
  if (!value.startsWith(head)) return false;
  let at = head.length;
  for (const part of rest) {
    const found = value.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return value.length - tail.length >= at && value.endsWith(tail);
}
