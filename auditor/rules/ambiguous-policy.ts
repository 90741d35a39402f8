import { rule } from './rule.js';

export const ambiguousPolicy = rule({
  id: 'ambiguous-policy',
  severity: 'error',
  question: 'policy',
  defeats: 'enforceable',
  summary: 'Several policies cover the call, and it names none.',
  why: 'Which budget it counts against is a matter of chance, and so is who gets blocked.',
  fix: () => 'Name the policy on the call, or make the matches of the policies exclude each other.',
  example: {
    route: ['web tenant=acme feature=chat call=gpt-4o in=1000 out=100'],
    contract: {
      attributes: { policy: { required: false } },
      policies: [
        { id: 'pro-monthly', match: { tenant: ['acme'] } },
        { id: 'chat', match: { feature: ['chat'] } },
      ],
    },
  },
  when: ({ passages, policy }) => passages.policy.value === null && policy.matching.length > 1,
  *check({ policy, call }) {
    yield {
      attribute: 'policy',
      spanId: call.span.spanId,
      message: `The policies ${policy.matching.map(({ id }) => `'${id}'`).join(' and ')} cover the call, and it names none.`,
    };
  },
});
