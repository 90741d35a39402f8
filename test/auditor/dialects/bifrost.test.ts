import { expect, it } from 'vitest';
import { keptKeys } from '../../../auditor/dialects/kept-keys.js';
import { contract } from '../../support/contract.js';
import { readSpan } from '../../support/read-span.js';

const SPAN = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': 'openai/gpt-4o',
  'bifrost.request.id': 'r1',
  'bifrost.virtual_key.id': 'vk-1',
  'gen_ai.usage.cost': 0.0025,
};

const usage = { inputTokens: 1000, cacheReadTokens: 800, outputTokens: 100, reasoningTokens: 40 };

it('Bifrost: usage by the keys of today, and its own cost', () => {
  const today = {
    'gen_ai.usage.input_tokens': 1000,
    'gen_ai.usage.output_tokens': 100,
    'gen_ai.usage.cache_read.input_tokens': 800,
    'gen_ai.usage.reasoning.output_tokens': 40,
  };
  expect(readSpan({ ...SPAN, ...today }, 'bifrost')).toMatchObject({
    dialect: 'bifrost',
    provider: 'openai',
    requestModel: 'gpt-4o',
    usage,
    reportedCostUsd: '0.002500000000',
  });
});

it.each([
  ['prompt', 'completion'],
  ['input', 'output'],
])('Bifrost: usage by older keys (%s, %s)', (input, output) => {
  const old = {
    'gen_ai.usage.prompt_tokens': 1000,
    'gen_ai.usage.completion_tokens': 100,
    [`gen_ai.usage.${input}_token_details.cached_read_tokens`]: 800,
    [`gen_ai.usage.${input}_token_details.cached_write_tokens`]: 50,
    [`gen_ai.usage.${output}_token_details.reasoning_tokens`]: 40,
  };
  expect(readSpan({ ...SPAN, ...old }, 'my-gateway')?.usage).toMatchObject({ ...usage, cacheWriteTokens: 50 });
});

it('Bifrost: who pays is kept', () => {
  const isKept = keptKeys(contract());
  const keys = ['bifrost.virtual_key.id', 'bifrost.team.id', 'bifrost.customer.name', 'gen_ai.virtual_key_id'];
  expect(keys.filter((key) => !isKept(key))).toEqual([]);
});
