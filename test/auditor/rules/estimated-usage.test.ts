import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

testRule('estimated-usage', {
  valid: {
    'the provider counted': { spans: trace().station('web', clean).call('gpt-4o').spans },
    'the guess is on an echo that is not counted': {
      spans: trace()
        .station('web', clean)
        .call('gpt-4o', { inputTokens: 1, outputTokens: 1 }, { facts: { usageEstimated: true } })
        .station('litellm', clean)
        .call('gpt-4o').spans,
    },
  },
  invalid: {
    'the instrumentation guesses': {
      spans: trace()
        .station('web', clean)
        .call('gpt-4o', { inputTokens: 1, outputTokens: 1 }, { facts: { usageEstimated: true } }).spans,
      findings: [{ severity: 'warning', message: 'test guesses the token counts of this model.' }],
      verdict: 'enforceable',
    },
  },
});
