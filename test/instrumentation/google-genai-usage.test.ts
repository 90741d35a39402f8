import { expect, it } from 'vitest';
import { readGeminiAnswer } from '../../instrumentation/google-genai-usage.js';

it('thoughts are counted within the output, and the results of tools within the input', () => {
  const usageMetadata = {
    promptTokenCount: 10,
    toolUsePromptTokenCount: 5,
    cachedContentTokenCount: 8,
    candidatesTokenCount: 2,
    thoughtsTokenCount: 30,
  };
  expect(readGeminiAnswer({ usageMetadata })).toEqual({
    attributes: {
      'gen_ai.usage.input_tokens': 15,
      'gen_ai.usage.cache_read.input_tokens': 8,
      'gen_ai.usage.output_tokens': 32,
      'gen_ai.usage.reasoning.output_tokens': 30,
    },
    isEnd: false,
  });
});

it('of embeddings, Vertex AI counts each, and Gemini none', () => {
  const counted = { embeddings: [{ statistics: { tokenCount: 3 } }, { statistics: { tokenCount: 4 } }] };
  expect(readGeminiAnswer(counted).attributes).toEqual({ 'gen_ai.usage.input_tokens': 7 });
  expect(readGeminiAnswer({ embeddings: [{ values: [1] }] }).attributes).toEqual({});
});

it('a chunk with a reason to finish is the end', () => {
  expect(readGeminiAnswer({ candidates: [{ finishReason: 'STOP' }] }).isEnd).toBe(true);
  expect(readGeminiAnswer({ candidates: [{}] }).isEnd).toBe(false);
  expect(readGeminiAnswer(null)).toEqual({ attributes: {}, isEnd: false });
});
