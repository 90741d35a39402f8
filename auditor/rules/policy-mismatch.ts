import { rule } from './rule.js';

export const policyMismatch = rule({
  id: 'policy-mismatch',
  severity: 'error',
  question: 'policy',
  defeats: 'enforceable',
  misattributes: true,
  summary: 'The named policy does not cover this tenant or feature.',
  why: "The call spends another's budget: when that budget is gone, those it belongs to are blocked.",
  fix: () => 'Correct the policy id where it is set, or widen the match of the policy in the contract.',
  *check({ passages, policy, call }) {
    if (policy.named === null || policy.resolved !== null) return;
    const { tenant, feature } = passages;
    yield {
      attribute: 'policy',
      spanId: call.span.spanId,
      message: `The policy '${policy.named.id}' does not cover tenant '${tenant.value ?? ''}' with feature '${feature.value ?? ''}'.`,
    };
  },
});
