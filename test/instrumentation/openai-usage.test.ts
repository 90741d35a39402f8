import { expect, it } from 'vitest';
import { readAnswer } from '../../instrumentation/openai-usage.js';

it('cached and reasoning tokens are read of chat completions, responses and DeepSeek alike', () => {
  const counts = {
    'gen_ai.usage.input_tokens': 100,
    'gen_ai.usage.output_tokens': 20,
    'gen_ai.usage.cache_read.input_tokens': 64,
  };
  const reasoned = { ...counts, 'gen_ai.usage.reasoning.output_tokens': 7 };
  const chat = {
    prompt_tokens: 100,
    completion_tokens: 20,
    prompt_tokens_details: { cached_tokens: 64 },
    completion_tokens_details: { reasoning_tokens: 7 },
  };
  const response = {
    input_tokens: 100,
    output_tokens: 20,
    input_tokens_details: { cached_tokens: 64 },
    output_tokens_details: { reasoning_tokens: 7 },
  };
  const deepSeek = { prompt_tokens: 100, completion_tokens: 20, prompt_cache_hit_tokens: 64 };
  expect(readAnswer({ choices: [], usage: chat })).toEqual({ usage: reasoned, isEnd: false, isUsageOnly: true });
  expect(readAnswer({ type: 'response.incomplete', response: { usage: response } })).toEqual({
    usage: reasoned,
    isEnd: true,
    isUsageOnly: false,
  });
  expect(readAnswer({ choices: [{ finish_reason: 'stop' }], usage: deepSeek })).toEqual({
    usage: counts,
    isEnd: true,
    isUsageOnly: false,
  });
});

it('what cannot be a count is left out, and nothing is made up', () => {
  const nothing = { usage: {}, isEnd: false, isUsageOnly: false };
  expect(readAnswer({ choices: [], usage: { prompt_tokens: -1, completion_tokens: '20' } })).toEqual(nothing);
  for (const answer of [null, undefined, 'text', 7, {}, { choices: [], usage: null }, { choices: 'x', usage: [] }]) {
    expect(readAnswer(answer)).toEqual(nothing);
  }
});
