import type { Attributes } from '@opentelemetry/api';
import {
  GEN_AI_CACHE_READ_TOKENS,
  GEN_AI_CACHE_WRITE_TOKENS,
  GEN_AI_INPUT_TOKENS,
  GEN_AI_OUTPUT_TOKENS,
  USAGE_SOURCE,
} from '../schemas/attributes.js';
import type { Seen } from './call-span.js';
import { countAttributes, sumOfCounts } from './call-span.js';
import { get, isObject } from './unknown-value.js';

/** Token counts, all beside each other, as everything in Bedrock has them. */
interface Counts {
  readonly input: unknown;
  readonly output: unknown;
  readonly cacheRead: unknown;
  readonly cacheWrite: unknown;
}

/** Reads an answer of Converse, or one event of ConverseStream, whose last one counts tokens. */
export function readConverse(answer: unknown): Seen {
  const usage = get(answer, 'usage') ?? get(answer, 'metadata', 'usage');
  return {
    attributes: attributesOf({
      input: get(usage, 'inputTokens'),
      output: get(usage, 'outputTokens'),
      cacheRead: get(usage, 'cacheReadInputTokens'),
      cacheWrite: get(usage, 'cacheWriteInputTokens'),
    }),
    isEnd: isObject(answer) && ('metadata' in answer || 'messageStop' in answer),
  };
}

/**
 * Reads the body of an answer of InvokeModel, or of one chunk of its stream. Each family of models has a form of its
 * own; the last chunk of a stream has Bedrock's counts, whatever the model.
 *
 * @param body bytes of JSON; whatever else it is tells nothing
 */
export function readInvoke(body: unknown): Seen {
  const answer = jsonIn(body);
  const isStop = get(answer, 'type') === 'message_stop';
  // Claude's own events have counted by then, what was cached included.
  const metrics = isStop ? undefined : get(answer, 'amazon-bedrock-invocationMetrics');
  const usage = get(answer, 'usage') ?? get(answer, 'message', 'usage') ?? get(answer, 'metadata', 'usage');
  // The output that Claude's first event names is a placeholder.
  const isStart = get(answer, 'type') === 'message_start';
  return {
    attributes: attributesOf({
      input:
        get(metrics, 'inputTokenCount') ??
        get(usage, 'input_tokens') ??
        get(usage, 'inputTokens') ??
        get(usage, 'prompt_tokens') ??
        get(answer, 'inputTextTokenCount') ??
        get(answer, 'prompt_token_count'),
      output: isStart
        ? null
        : (get(metrics, 'outputTokenCount') ??
          get(usage, 'output_tokens') ??
          get(usage, 'outputTokens') ??
          get(usage, 'completion_tokens') ??
          get(answer, 'results', '0', 'tokenCount') ??
          get(answer, 'totalOutputTextTokenCount') ??
          get(answer, 'generation_token_count')),
      cacheRead:
        get(metrics, 'cacheReadInputTokenCount') ??
        get(usage, 'cache_read_input_tokens') ??
        get(usage, 'cacheReadInputTokenCount'),
      cacheWrite:
        get(metrics, 'cacheWriteInputTokenCount') ??
        get(usage, 'cache_creation_input_tokens') ??
        get(usage, 'cacheWriteInputTokenCount'),
    }),
    isEnd: isStop || metrics !== undefined,
  };
}

/** Reads the counts that Bedrock adds to every answer of InvokeModel as headers. */
export function readInvokeHeaders(headers: unknown): Attributes {
  const count = (name: string): number | null => {
    const text = get(headers, `x-amzn-bedrock-${name}-token-count`);
    return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : null;
  };
  return attributesOf({
    input: count('input'),
    output: count('output'),
    cacheRead: count('cache-read-input'),
    cacheWrite: count('cache-write-input'),
  });
}

function attributesOf({ input, output, cacheRead, cacheWrite }: Counts): Attributes {
  const isCounted = sumOfCounts(input, output) !== null;
  return {
    ...countAttributes([
      [GEN_AI_INPUT_TOKENS, sumOfCounts(input) === null ? null : sumOfCounts(input, cacheRead, cacheWrite)],
      [GEN_AI_OUTPUT_TOKENS, output],
      [GEN_AI_CACHE_READ_TOKENS, cacheRead],
      [GEN_AI_CACHE_WRITE_TOKENS, cacheWrite],
    ]),
    ...(isCounted ? { [USAGE_SOURCE]: 'provider' } : {}),
  };
}

function jsonIn(body: unknown): unknown {
  if (!(body instanceof Uint8Array)) return null;
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    // An image, say: it tells nothing that could be counted.
    return null;
  }
}
