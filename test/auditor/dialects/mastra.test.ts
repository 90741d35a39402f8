import { expect, it } from 'vitest';
import { keptKeys } from '../../../auditor/dialects/kept-keys.js';
import { contract } from '../../support/contract.js';
import { readSpan } from '../../support/read-span.js';

const SPAN = {
  'mastra.span.type': 'model_generation',
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': 'gpt-4o',
  'gen_ai.usage.input_tokens': 1000,
  'gen_ai.usage.output_tokens': 100,
  'gen_ai.usage.cache_read.input_tokens': 800,
  'gen_ai.usage.cache_creation.input_tokens': 50,
  'gen_ai.usage.reasoning_tokens': 40,
  'gen_ai.usage.audio_input_tokens': 7,
};

it('Mastra: a model generation is a call, with reasoning and audio under keys of their own', () => {
  expect(readSpan(SPAN)).toMatchObject({
    dialect: 'mastra',
    operation: 'chat',
    usage: {
      inputTokens: 1000,
      outputTokens: 100,
      cacheReadTokens: 800,
      cacheWriteTokens: 50,
      reasoningTokens: 40,
      inputAudioTokens: 7,
    },
  });
});

it.each(['invoke_agent', 'model_step', 'model_chunk', 'invoke_workflow', 'execute_tool'])(
  'Mastra: %s is no call, though it may carry usage',
  (operation) => {
    expect(readSpan({ ...SPAN, 'gen_ai.operation.name': operation })).toBeNull();
  },
);

it('Mastra: its metadata is kept, its input is not', () => {
  expect(keptKeys(contract())('mastra.metadata.customerOf')).toBe(true);
  expect(keptKeys(contract())('mastra.agent_run.input')).toBe(false);
});
