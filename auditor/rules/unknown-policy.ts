import { problemOf } from '../trace/value-problem.js';
import { rule } from './rule.js';

export const unknownPolicy = rule({
  id: 'unknown-policy',
  severity: 'error',
  question: 'policy',
  defeats: 'enforceable',
  summary: 'The policy that the call names is not in the contract, or it names none and none covers it.',
  why: 'Nobody looks a limit up under that id, so this spend counts against no budget.',
  fix: () => 'Correct the policy id at its source, or add the policy to the contract.',
  example: {
    route: ['web tenant=acme feature=chat policy=gold call=gpt-4o in=1000 out=100'],
    contract: { policies: [{ id: 'pro-monthly', match: { tenant: ['acme'] } }] },
  },
  when: ({ policy }, { source }) => source.policies.length > 0 && policy.named === null,
  *check({ passages, policy, call }, contract) {
    const { value } = passages.policy;
    // An id that is absent though required, or that says nothing, is reported as that.
    if (value === null ? contract.required.includes('policy') : problemOf('policy', value, contract) !== null) return;
    if (value !== null) {
      yield { attribute: 'policy', spanId: call.span.spanId, message: `The contract has no policy '${value}'.` };
    } else if (policy.matching.length === 0) {
      yield {
        attribute: 'policy',
        spanId: call.span.spanId,
        message: 'The call names no policy, and none of the contract covers it.',
      };
    }
  },
});
