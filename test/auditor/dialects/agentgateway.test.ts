import { expect, it } from 'vitest';
import { keptKeys } from '../../../auditor/dialects/kept-keys.js';
import { contract } from '../../support/contract.js';
import { readSpan } from '../../support/read-span.js';

const SPAN = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': 'gpt-4o',
  'gen_ai.response.model': 'gpt-4o-2024-08-06',
  'gen_ai.usage.input_tokens': 1000,
  'gen_ai.usage.cache_read.input_tokens': 800,
  'gen_ai.usage.output_tokens': 100,
  'gen_ai.usage.reasoning_tokens': 40,
  'gen_ai.usage.output_audio_tokens': 0,
  'llm.streaming': false,
  'agw.ai.usage.cost.total': 0.0025,
  'agentgateway.user': 'u1',
};

it('agentgateway: usage with reasoning under a key of its own, and its own cost', () => {
  expect(readSpan(SPAN)).toMatchObject({
    dialect: 'agentgateway',
    provider: 'openai',
    responseModel: 'gpt-4o-2024-08-06',
    stream: false,
    usage: { inputTokens: 1000, cacheReadTokens: 800, outputTokens: 100, reasoningTokens: 40 },
    reportedCostUsd: '0.002500000000',
  });
  const { 'agw.ai.usage.cost.total': total, ...rest } = SPAN;
  expect(readSpan({ ...rest, 'agw.ai.usage.cost': { total } })?.reportedCostUsd).toBe('0.002500000000');
  expect(readSpan({ ...SPAN, 'llm.streaming': true })?.stream).toBe(true);
});

it('agentgateway: who called is kept', () => {
  const isKept = keptKeys(contract());
  expect(['agentgateway.user', 'agentgateway.group', 'jwt.sub'].filter((key) => !isKept(key))).toEqual([]);
});
