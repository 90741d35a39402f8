import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

testRule('no-usage', {
  valid: {
    'the call counted its tokens': { spans: trace().station('web', clean).call('gpt-4o').spans },
    'an embedding has no output': {
      spans: trace()
        .station('web', clean)
        .call('text-embedding-3-small', { inputTokens: 8 }, { facts: { operation: 'embeddings' } }).spans,
    },
    'the application above counted them': {
      spans: trace().station('web', clean).call('gpt-4o').station('litellm', clean).call('gpt-4o', null).spans,
    },
    'a gateway answered from its cache': {
      spans: trace()
        .station('web', clean)
        .call('gpt-4o', null, { facts: { cacheReplay: true } }).spans,
    },
  },
  invalid: {
    'nobody counted them': {
      spans: trace().station('web', clean).call('gpt-4o', null).spans,
      findings: [{ message: 'The call by web has no token counts; what it cost is unknown.' }],
      verdict: 'attributed',
    },
    'a failed attempt': {
      spans: trace()
        .station('web', clean)
        .call('gpt-4o', null, { span: { status: 2 } }).spans,
      findings: [{ message: 'The attempt by web failed without token counts; what it cost is unknown.' }],
      verdict: 'attributed',
    },
    'a stream that was cut before its output was counted': {
      spans: trace().station('web', clean).call('gpt-4o', { inputTokens: 10 }).spans,
      findings: [{}],
      verdict: 'attributed',
    },
    'counts that would cost over a million dollars': {
      spans: trace()
        .station('web', clean)
        .call('gpt-4o', { inputTokens: 2 ** 53 - 1, outputTokens: 0 }).spans,
      findings: [{ message: 'The token counts of the call by web cannot be right; what it cost is unknown.' }],
      verdict: 'attributed',
    },
  },
});
