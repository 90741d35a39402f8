import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

const contract = { services: { litellm: { role: 'gateway' as const, enforces: true } } };

testRule('bypass', {
  valid: {
    'the route crosses the enforcement point': {
      spans: trace().station('web', clean).station('litellm', clean).call('gpt-4o').spans,
      contract,
    },
    'the contract has none, so the place of the call is it': {
      spans: trace().station('web', clean).call('gpt-4o').spans,
    },
  },
  invalid: {
    'the application calls the provider by itself': {
      spans: trace().station('web', clean).station('agent', clean).call('gpt-4o').spans,
      contract,
      findings: [{ message: 'The route web → agent crosses no enforcement point.' }],
      verdict: 'attributed',
    },
  },
});
