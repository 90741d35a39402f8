import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

testRule('cache-replay', {
  valid: { 'the provider answered': { spans: trace().station('web', clean).call('gpt-4o').spans } },
  invalid: {
    'the gateway answered from its cache': {
      spans: trace()
        .station('web', clean)
        .call('gpt-4o', undefined, { facts: { cacheReplay: true } }).spans,
      findings: [{ severity: 'info', message: 'web answered from its cache.' }],
      verdict: 'enforceable',
    },
  },
});
