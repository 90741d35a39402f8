import {
  GEN_AI_CACHE_READ_TOKENS,
  GEN_AI_INPUT_TOKENS,
  GEN_AI_OUTPUT_TOKENS,
  GEN_AI_REASONING_TOKENS,
  GEN_AI_RESPONSE_ID,
  GEN_AI_RESPONSE_MODEL,
} from '../schemas/attributes.js';
import type { Seen } from './call-span.js';
import { countAttributes, sumOfCounts } from './call-span.js';
import { get } from './unknown-value.js';

/**
 * Reads an answer of Gemini's, or a chunk of one. Google counts thoughts beside the candidates and the results of tools
 * beside the prompt; OpenTelemetry wants them within output and input. Cached tokens are within the prompt for both.
 * Embeddings are counted by Vertex AI only.
 */
export function readGeminiAnswer(answer: unknown): Seen {
  const usage = get(answer, 'usageMetadata');
  const candidates = get(answer, 'candidates');
  const counts = countAttributes([
    [
      GEN_AI_INPUT_TOKENS,
      sumOfCounts(get(usage, 'promptTokenCount'), get(usage, 'toolUsePromptTokenCount')) ?? embeddedTokens(answer),
    ],
    [GEN_AI_OUTPUT_TOKENS, sumOfCounts(get(usage, 'candidatesTokenCount'), get(usage, 'thoughtsTokenCount'))],
    [GEN_AI_CACHE_READ_TOKENS, get(usage, 'cachedContentTokenCount')],
    [GEN_AI_REASONING_TOKENS, get(usage, 'thoughtsTokenCount')],
  ]);
  return {
    attributes: {
      ...counts,
      ...text(GEN_AI_RESPONSE_MODEL, answer, 'modelVersion'),
      ...text(GEN_AI_RESPONSE_ID, answer, 'responseId'),
    },
    isEnd: Array.isArray(candidates) && candidates.some((one) => typeof get(one, 'finishReason') === 'string'),
  };
}

function embeddedTokens(answer: unknown): number | null {
  const embeddings = get(answer, 'embeddings');
  return Array.isArray(embeddings)
    ? sumOfCounts(...embeddings.map((one) => get(one, 'statistics', 'tokenCount')))
    : null;
}

function text(key: string, answer: unknown, name: string): Record<string, string> {
  const value = get(answer, name);
  return typeof value === 'string' && value !== '' ? { [key]: value } : {};
}
