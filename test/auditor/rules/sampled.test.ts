import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

const withState = (traceState: string) =>
  trace().station('web', clean, { traceState }).station('agent', clean, { traceState }).call('gpt-4o').spans;

testRule('sampled', {
  valid: {
    'no tracestate': { spans: withState('') },
    "another vendor's entry": { spans: withState('dd=th:8,x=ot=th:8') },
    'a threshold of zero keeps every trace': { spans: withState('ot=th:0') },
    'a random value without a threshold': { spans: withState('ot=rv:6e6d1a75832a2f') },
  },
  invalid: {
    'a threshold': {
      spans: withState('dd=x,ot=rv:6e6d1a75832a2f;th:c'),
      findings: [{ severity: 'warning' }],
      verdict: 'enforceable',
    },
    'a small threshold that begins with zero': { spans: withState('ot=th:08'), findings: [{}], verdict: 'enforceable' },
  },
});
