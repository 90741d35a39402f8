import { describe, expect, it } from 'vitest';
import { readConverse, readInvoke, readInvokeHeaders } from '../../instrumentation/bedrock-usage.js';

const bytes = (answer: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(answer));
const input = 'gen_ai.usage.input_tokens';
const output = 'gen_ai.usage.output_tokens';

describe('InvokeModel: each family of models counts in a form of its own', () => {
  it.each([
    ['Titan', { inputTextTokenCount: 7, results: [{ tokenCount: 3 }] }, 7, 3],
    ['Nova', { usage: { inputTokens: 7, outputTokens: 3, cacheReadInputTokenCount: 2 } }, 9, 3],
    ['Claude', { usage: { input_tokens: 7, output_tokens: 3, cache_creation_input_tokens: 4 } }, 11, 3],
    ['Llama', { prompt_token_count: 7, generation_token_count: 3 }, 7, 3],
    ['DeepSeek', { usage: { prompt_tokens: 7, completion_tokens: 3 } }, 7, 3],
  ])('%s', (_, answer, inputTokens, outputTokens) => {
    expect(readInvoke(bytes(answer)).attributes).toMatchObject({ [input]: inputTokens, [output]: outputTokens });
  });

  it('what is no JSON, or no bytes, tells nothing', () => {
    for (const body of [new Uint8Array([0xff, 0xd8]), bytes(null), bytes([]), 'text', undefined])
      expect(readInvoke(body)).toEqual({ attributes: {}, isEnd: false });
  });
});

describe('a stream', () => {
  it("of Claude's: the output that its first event names is a placeholder", () => {
    const start = { type: 'message_start', message: { usage: { input_tokens: 7, output_tokens: 1 } } };
    expect(readInvoke(bytes(start)).attributes).not.toHaveProperty([output]);
  });

  it('of any model ends with counts of Bedrock’s own', () => {
    const last = { 'amazon-bedrock-invocationMetrics': { inputTokenCount: 7, outputTokenCount: 3 } };
    expect(readInvoke(bytes(last))).toMatchObject({ attributes: { [input]: 7, [output]: 3 }, isEnd: true });
  });

  it('of Converse is whole after its stop, even where the counts do not come', () => {
    expect(readConverse({ messageStop: { stopReason: 'end_turn' } })).toEqual({ attributes: {}, isEnd: true });
  });
});

it('headers count, where they are counts', () => {
  const headers = { 'x-amzn-bedrock-input-token-count': '7', 'x-amzn-bedrock-output-token-count': 'three' };
  expect(readInvokeHeaders(headers)).toMatchObject({ [input]: 7 });
  expect(readInvokeHeaders(headers)).not.toHaveProperty([output]);
  expect(readInvokeHeaders(null)).toEqual({});
});
