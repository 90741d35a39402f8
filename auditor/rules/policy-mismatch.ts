import { problemOf } from '../trace/value-problem.js';
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
  example: {
    route: ['web tenant=globex feature=chat policy=pro-monthly call=gpt-4o in=1000 out=100'],
    contract: { policies: [{ id: 'pro-monthly', match: { tenant: ['acme'] } }] },
  },
  when: ({ policy }) => policy.named !== null && policy.resolved === null,
  *check({ passages, policy, call }, contract) {
    if (policy.named === null || policy.resolved !== null) return;
    const { tenant, feature } = passages;
    // A value that is absent or says nothing is reported as that; no policy could cover it.
    for (const name of ['tenant', 'feature'] as const) {
      const { value } = passages[name];
      if (policy.named.match[name] === undefined) continue;
      if (value === null || problemOf(name, value, contract) !== null) return;
    }
    yield {
      attribute: 'policy',
      spanId: call.span.spanId,
      message: `The policy '${policy.named.id}' does not cover tenant '${tenant.value ?? ''}' with feature '${feature.value ?? ''}'.`,
    };
  },
});
