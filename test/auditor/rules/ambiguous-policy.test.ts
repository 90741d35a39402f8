import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

const { policy: _, ...noPolicy } = clean;
const policies = [
  { id: 'a', match: { tenant: 'acme' } },
  { id: 'b', match: { feature: 'chat' } },
  { id: 'c', match: { tenant: 'globex' } },
];
const contract = { attributes: { policy: { required: false } }, policies };

testRule('ambiguous-policy', {
  valid: {
    'the call names one': {
      spans: trace()
        .station('web', { ...noPolicy, policy: 'a' })
        .call('gpt-4o').spans,
      contract,
    },
    'only one covers it': {
      spans: trace()
        .station('web', { ...noPolicy, feature: 'search' })
        .call('gpt-4o').spans,
      contract,
    },
  },
  invalid: {
    'two cover it and none is named': {
      spans: trace().station('web', noPolicy).call('gpt-4o').spans,
      contract,
      findings: [{ message: "The policies 'a' and 'b' cover the call, and it names none." }],
      verdict: 'attributed',
    },
  },
});
