import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

const policies = [{ id: 'pro-monthly', match: { tenant: 'acme' } }];
const optional = { attributes: { policy: { required: false } }, policies };
const { policy: _, ...noPolicy } = clean;

testRule('unknown-policy', {
  valid: {
    'the contract has the policy': {
      spans: trace().station('web', clean).call('gpt-4o').spans,
      contract: { policies },
    },
    'it is required and absent, which is another fault': {
      spans: trace().station('web', noPolicy).call('gpt-4o').spans,
      contract: { policies },
    },
    'the id says nothing, which is another fault': {
      spans: trace()
        .station('web', { ...clean, policy: 'unknown' })
        .call('gpt-4o').spans,
      contract: { policies },
    },
    'the contract lists no policies': { spans: trace().station('web', clean).call('gpt-4o').spans },
    'none is named and one covers the call': {
      spans: trace().station('web', noPolicy).call('gpt-4o').spans,
      contract: optional,
    },
  },
  invalid: {
    'the id is not in the contract': {
      spans: trace()
        .station('web', { ...clean, policy: 'gold' })
        .call('gpt-4o').spans,
      contract: { policies },
      findings: [{ attribute: 'policy', message: "The contract has no policy 'gold'." }],
      verdict: 'attributed',
    },
    'none is named and none covers the call': {
      spans: trace()
        .station('web', { ...noPolicy, tenant: 'globex' })
        .call('gpt-4o').spans,
      contract: optional,
      findings: [{ attribute: 'policy' }],
      verdict: 'attributed',
    },
  },
});
