import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

testRule('cached-tokens', {
  valid: {
    'the cached part is within the input': {
      spans: trace().station('web', clean).call('gpt-4o', { inputTokens: 100, outputTokens: 1, cacheReadTokens: 100 })
        .spans,
    },
  },
  invalid: {
    'read and written together exceed the input': {
      spans: trace()
        .station('web', clean)
        .call('gpt-4o', { inputTokens: 100, outputTokens: 1, cacheReadTokens: 60, cacheWriteTokens: 41 }).spans,
      findings: [
        { severity: 'error', message: '60 tokens read from and 41 written to the cache exceed 100 input tokens.' },
      ],
      verdict: 'attributed',
    },
  },
});
