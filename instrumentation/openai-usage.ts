import type { Attributes } from '@opentelemetry/api';
import {
  GEN_AI_CACHE_READ_TOKENS,
  GEN_AI_INPUT_TOKENS,
  GEN_AI_OUTPUT_TOKENS,
  GEN_AI_REASONING_TOKENS,
} from '../schemas/attributes.js';
import { countAttributes } from './call-span.js';
import { get } from './unknown-value.js';

/** What one chunk of a stream, or one answer, tells beside its content. */
export interface Told {
  /** Token counts, as span attributes; empty where it has none. */
  readonly usage: Attributes;
  /** The provider is done: what ends after this was not cut. */
  readonly isEnd: boolean;
  /** Nothing but token counts: the chunk that `stream_options.include_usage` asks for. */
  readonly isUsageOnly: boolean;
}

/** Events of the responses API after which nothing more is generated. */
const LAST_EVENTS: ReadonlySet<unknown> = new Set(['response.completed', 'response.incomplete', 'response.failed']);

/**
 * Reads an answer or a chunk of chat completions, responses or embeddings, of OpenAI or of whoever speaks like it.
 * Cached tokens are counted within the input and reasoning tokens within the output, as OpenTelemetry wants it.
 */
export function readAnswer(answer: unknown): Told {
  // Events of the responses API hold the response as it stands; everything else is the answer itself.
  const response = get(answer, 'response') ?? answer;
  const usage = usageOf(get(response, 'usage'));
  const choices = get(answer, 'choices');
  const isChoiceDone =
    Array.isArray(choices) && choices.some((choice) => typeof get(choice, 'finish_reason') === 'string');
  return {
    usage,
    isEnd: isChoiceDone || LAST_EVENTS.has(get(answer, 'type')),
    isUsageOnly: Object.keys(usage).length > 0 && Array.isArray(choices) && choices.length === 0,
  };
}

function usageOf(usage: unknown): Attributes {
  const input = get(usage, 'prompt_tokens_details') ?? get(usage, 'input_tokens_details');
  const output = get(usage, 'completion_tokens_details') ?? get(usage, 'output_tokens_details');
  return countAttributes([
    [GEN_AI_INPUT_TOKENS, get(usage, 'prompt_tokens') ?? get(usage, 'input_tokens')],
    [GEN_AI_OUTPUT_TOKENS, get(usage, 'completion_tokens') ?? get(usage, 'output_tokens')],
    // DeepSeek counts its cache hits in a field of its own.
    [GEN_AI_CACHE_READ_TOKENS, get(input, 'cached_tokens') ?? get(usage, 'prompt_cache_hit_tokens')],
    [GEN_AI_REASONING_TOKENS, get(output, 'reasoning_tokens')],
  ]);
}
