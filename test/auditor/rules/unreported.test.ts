import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

testRule('unreported', {
  valid: {
    'every station shows it': { spans: trace().station('web', clean).station('agent', clean).call('gpt-4o').spans },
    'it is hidden and does not come back': {
      spans: trace().station('web', clean).station('agent').call('gpt-4o').spans,
    },
  },
  invalid: {
    'a station between hides it': {
      spans: trace().station('web', clean).station('agent').station('litellm', clean).call('gpt-4o').spans,
      findings: ['tenant', 'feature', 'policy'].map((attribute) => ({
        attribute,
        severity: 'info' as const,
        hop: { from: 'web', to: 'agent' },
        spanId: '0000000000000002',
      })),
      verdict: 'enforceable',
    },
  },
});
