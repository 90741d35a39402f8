import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

const services = { web: { role: 'entry' as const } };

testRule('severed', {
  valid: {
    'the route begins at an entry': {
      spans: trace().station('web', clean).call('gpt-4o').spans,
      contract: { services },
    },
    'the contract names no entries': { spans: trace().station('worker', clean).call('gpt-4o').spans },
  },
  invalid: {
    'the parent of the top span never came': {
      spans: trace()
        .station('web', clean, { parentSpanId: 'f'.repeat(16) })
        .call('gpt-4o').spans,
      contract: { services },
      findings: [{ attribute: null, hop: null, spanId: '0000000000000001', severity: 'error' }],
      verdict: 'attributed',
    },
    'the trace begins elsewhere than at an entry': {
      spans: trace().station('worker', clean).call('gpt-4o').spans,
      contract: { services },
      findings: [
        {
          message:
            'The trace begins at worker, which the contract does not name as an entry. What is above worker is not known.',
        },
      ],
      verdict: 'attributed',
    },
  },
});
