import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

const reporting = (reportedCostUsd: string) =>
  trace().station('web', clean).call('gpt-4o', undefined, { facts: { reportedCostUsd } }).spans;

testRule('cost-disagrees', {
  valid: {
    'nobody else says a cost': { spans: trace().station('web', clean).call('gpt-4o').spans },
    'the same cost': { spans: reporting('0.003500000000') },
    'exactly 1 % more': { spans: reporting('0.003535000000') },
  },
  invalid: {
    'just over 1 % more': {
      spans: reporting('0.003535000001'),
      findings: [
        {
          severity: 'warning',
          message: 'The span reports 0.003535000001 dollars, and its tokens cost 0.003500000000.',
        },
      ],
      verdict: 'enforceable',
    },
    'zero, as gateways say of a model that they do not know': {
      spans: reporting('0.000000000000'),
      findings: [{}],
      verdict: 'enforceable',
    },
  },
});
