import { createOpenAI } from '@ai-sdk/openai';
import { LegacyOpenTelemetry } from '@ai-sdk/otel';
import { embed, generateText, streamText } from 'ai';
import { expect, it } from 'vitest';
import { startProvider } from '../../demo/provider.js';
import { CHAT_CALL, PROMPT, startCapture } from '../../support/captured-spans.js';
import { readSpan } from '../../support/read-span.js';

it('AI SDK before 7: the `do…` spans are the calls, and cost once', async () => {
  await using capture = await startCapture();
  await using provider = await startProvider();
  const openai = createOpenAI({ apiKey: 'none', baseURL: provider.url });
  const telemetry = { integrations: [new LegacyOpenTelemetry()] };
  const { response } = await generateText({ model: openai.chat('gpt-4o'), prompt: PROMPT, telemetry });
  await streamText({ model: openai.chat('gpt-4o'), prompt: PROMPT, telemetry }).consumeStream();
  await embed({ model: openai.embedding('text-embedding-3-small'), value: 'hello there', telemetry });

  expect((await capture.spans()).map(({ name }) => name)).toEqual(
    expect.arrayContaining(['ai.generateText', 'ai.generateText.doGenerate']),
  );
  const dialect = 'ai-sdk-legacy';
  expect(await capture.calls()).toMatchObject([
    { ...CHAT_CALL, dialect, responseId: response.id, stream: false, echoSpanIds: [] },
    { ...CHAT_CALL, dialect, stream: true, echoSpanIds: [] },
    { dialect, operation: 'embeddings', provider: 'openai', inputTokens: 4, costUsd: '0.000000080000' },
  ]);
});

const MODEL = {
  'ai.operationId': 'ai.generateText.doGenerate',
  'ai.model.id': 'claude-sonnet-4-5',
  'ai.model.provider': 'anthropic.messages',
};

it('AI SDK before 7: the counts of version 4 are read', () => {
  expect(
    readSpan({ ...MODEL, 'ai.usage.promptTokens': 10, 'ai.usage.completionTokens': 2 }, 'ai')?.usage,
  ).toMatchObject({ inputTokens: 10, outputTokens: 2 });
});

it("AI SDK before 7: Anthropic's own counts decide, whether or not the SDK's input includes cached tokens", () => {
  const own = {
    input_tokens: 100,
    cache_read_input_tokens: 800,
    cache_creation_input_tokens: 200,
    output_tokens: 50,
  };
  const metadata = { 'ai.response.providerMetadata': { anthropic: { usage: own } } };
  for (const inputTokens of [100, 1100]) {
    const counts = {
      'ai.usage.inputTokens': inputTokens,
      'ai.usage.outputTokens': 50,
      'ai.usage.cachedInputTokens': 800,
    };
    expect(readSpan({ ...MODEL, ...counts, ...metadata }, 'ai')).toMatchObject({
      provider: 'anthropic',
      usage: { inputTokens: 1100, cacheReadTokens: 800, cacheWriteTokens: 200, outputTokens: 50 },
    });
  }
});
