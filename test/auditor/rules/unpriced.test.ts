import { testRule } from '../../support/rule-tester.js';
import { callFacts, clean, trace } from '../../support/trace.js';

const counted = callFacts('mine', { inputTokens: 1, outputTokens: 1 }).usage;

testRule('unpriced', {
  valid: {
    'the public list has the model': { spans: trace().station('web', clean).call('gpt-4o').spans },
    'the contract has it': {
      spans: trace().station('web', clean).call('mine').spans,
      contract: { prices: [{ provider: 'openai', model: 'mine', inputPerMillion: 1, outputPerMillion: 2 }] },
    },
    'the answer came from a cache': {
      spans: trace()
        .station('web', clean)
        .call('mine', undefined, { facts: { cacheReplay: true } }).spans,
    },
    'its counts are wrong, which is another fault': {
      spans: trace().station('web', clean).call('gpt-4o', { inputTokens: 1, outputTokens: 1, cacheReadTokens: 2 })
        .spans,
    },
    'nothing was counted, which is another fault': { spans: trace().station('web', clean).call('mine', null).spans },
  },
  invalid: {
    'a model that nobody prices': {
      spans: trace().station('web', clean).call('mine').spans,
      findings: [{ message: "No price for model 'mine' of provider 'openai'." }],
      verdict: 'attributed',
    },
    'a price of the contract that begins later': {
      spans: trace().station('web', clean).call('mine').spans,
      contract: {
        prices: [{ provider: 'openai', model: 'mine', inputPerMillion: 1, outputPerMillion: 2, from: '2099-01-01' }],
      },
      findings: [{}],
      verdict: 'attributed',
    },
    'a call that does not say its model': {
      spans: trace().station('web', clean).call('').spans,
      findings: [{ message: 'The call does not say its model, so it has no price.' }],
      verdict: 'attributed',
    },
    'a call that does not say its provider': {
      spans: trace()
        .station('web', clean)
        .call('mine', {}, { facts: { provider: '', usage: counted } }).spans,
      findings: [{ message: 'The call does not say its provider, so it has no price.' }],
      verdict: 'attributed',
    },
  },
});
