import type { CompiledContract } from '../../auditor/contract.js';
import { formatUsd, parseUsd } from '../../auditor/cost/usd.js';
import type { WatchedBudget } from '../../auditor/policy/budget-state.js';
import { thresholdPico } from '../../auditor/policy/budget-state.js';
import { resolvePolicy } from '../../auditor/policy/resolve.js';
import type { DecisionReason, DecisionRequest, DecisionVerdict } from '../../schemas/decision.js';

/** Why no policy counts. */
type NoPolicy = Extract<DecisionReason, 'no-policy' | 'unknown-policy' | 'policy-mismatch' | 'ambiguous-policy'>;
/** Why there is nothing to go by. */
export type Unjudged = NoPolicy | Extract<DecisionReason, 'no-limit' | 'spend-unknown'>;

/** Which policy of the contract a request falls under; null with the reason where none counts. */
export interface RequestPolicy {
  readonly id: string | null;
  readonly reason: NoPolicy | null;
}

/** Resolves the policy of a request as the audit resolves that of a call. */
export function policyOf({ tenant, feature, policy }: DecisionRequest, contract: CompiledContract): RequestPolicy {
  const asked = { tenant: tenant ?? null, feature: feature ?? null, policy: policy ?? null };
  const { resolved, named, matching } = resolvePolicy(asked, contract);
  if (resolved !== null) return { id: resolved.id, reason: null };
  if (asked.policy !== null) return { id: null, reason: named === null ? 'unknown-policy' : 'policy-mismatch' };
  return { id: null, reason: matching.length === 0 ? 'no-policy' : 'ambiguous-policy' };
}

/** What a limit says to an estimate. */
export interface LimitVerdict {
  readonly would: DecisionVerdict;
  readonly reason: DecisionReason;
  readonly message: string;
}

/**
 * What would be decided where enforcement holds: `deny` where the estimate does not fit into what is left, `warn` where
 * it reaches a threshold of the contract.
 *
 * @param usedPico spent and reserved, without this one
 */
export function verdictOf(
  { policy, limitPico, per, alerts }: WatchedBudget,
  usedPico: bigint,
  estimatePico: bigint,
): LimitVerdict {
  const leftPico = limitPico - usedPico;
  const limit = `${formatUsd(limitPico)} USD a ${per}`;
  if (leftPico <= 0n || estimatePico > leftPico) {
    const left = formatUsd(leftPico > 0n ? leftPico : 0n);
    const message = `Policy '${policy}' has ${left} USD of ${limit} left, and the call is expected to cost ${formatUsd(estimatePico)} USD.`;
    return { would: 'deny', reason: 'over-limit', message };
  }
  const reached = alerts.filter((share) => usedPico + estimatePico >= thresholdPico(limitPico, share));
  if (reached.length === 0) {
    return { would: 'allow', reason: 'within-budget', message: `It fits into ${limit} of policy '${policy}'.` };
  }
  const message = `With this call policy '${policy}' has reached ${Math.max(...reached) * 100} % of ${limit}.`;
  return { would: 'warn', reason: 'near-limit', message };
}

/** What a call is expected to cost, in 1e-12 dollars. */
export function estimateOf({ estimatedCostUsd }: DecisionRequest, contract: CompiledContract): bigint {
  return parseUsd(estimatedCostUsd ?? String(contract.source.decisions.estimateUsd)) ?? 0n;
}

/** Why no limit counts, in a sentence for a person. */
export function messageOf(reason: Unjudged, { policy, tenant }: DecisionRequest): string {
  switch (reason) {
    case 'unknown-policy':
      return `The contract has no policy '${policy ?? ''}', so nothing is blocked on it.`;
    case 'policy-mismatch':
      return `Policy '${policy ?? ''}' does not cover this tenant and feature (tenant '${tenant ?? ''}'), so nothing is blocked on it.`;
    case 'ambiguous-policy':
      return 'Several policies of the contract cover this tenant and feature, and the request names none.';
    case 'no-policy':
      return 'No policy of the contract covers this tenant and feature.';
    case 'no-limit':
      return 'The policy has no limit.';
    case 'spend-unknown':
      return 'ClickHouse was never asked what is spent, and what is not known is never blocked on.';
  }
}
