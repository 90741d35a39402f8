import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

testRule('unstamped', {
  valid: {
    'the span of the call carries all': { spans: trace().station('web', clean).call('gpt-4o').spans },
    'its station carries nothing either': {
      spans: trace().station('web', clean).station('agent').call('gpt-4o').spans,
    },
  },
  invalid: {
    'only the first span of the station is stamped': {
      spans: trace()
        .station('web', clean)
        .call('gpt-4o', undefined, {
          tenant: undefined,
          span: { attributes: ['feature.id', 'chat', 'budget.policy.id', 'pro-monthly'] },
        }).spans,
      findings: [{ attribute: 'tenant', severity: 'warning' }],
      verdict: 'enforceable',
    },
  },
});
