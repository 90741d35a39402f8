import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

testRule('truncated', {
  valid: { 'no span lost attributes': { spans: trace().station('web', clean).call('gpt-4o').spans } },
  invalid: {
    'a span on the route lost some': {
      spans: trace().station('web', clean, { droppedAttributes: 3, name: 'GET /' }).call('gpt-4o').spans,
      findings: [{ severity: 'warning', message: "web dropped 3 attributes from its span 'GET /'." }],
      verdict: 'enforceable',
    },
  },
});
