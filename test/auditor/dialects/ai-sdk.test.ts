import { createOpenAI } from '@ai-sdk/openai';
import { OpenTelemetry } from '@ai-sdk/otel';
import { embed, generateText, streamText } from 'ai';
import { expect, it } from 'vitest';
import { startProvider } from '../../demo/provider.js';
import { CHAT_CALL, PROMPT, startCapture } from '../../support/captured-spans.js';
import { readSpan } from '../../support/read-span.js';

it('AI SDK 7: a call costs once, though the agent span above it repeats its usage', async () => {
  await using capture = await startCapture();
  await using provider = await startProvider();
  const openai = createOpenAI({ apiKey: 'none', baseURL: provider.url });
  const telemetry = { functionId: 'ask', integrations: [new OpenTelemetry({ usage: true })] };
  const { response } = await generateText({ model: openai.chat('gpt-4o'), prompt: PROMPT, telemetry });

  const spans = await capture.spans();
  expect(spans.map(({ name }) => name)).toContain('invoke_agent gpt-4o');
  expect(await capture.calls()).toMatchObject([{ ...CHAT_CALL, dialect: 'ai-sdk', responseId: response.id }]);
});

it('AI SDK 7: streams and embeddings are calls; the outer span of an embedding is an echo', async () => {
  await using capture = await startCapture();
  await using provider = await startProvider();
  const openai = createOpenAI({ apiKey: 'none', baseURL: provider.url });
  const telemetry = { integrations: [new OpenTelemetry()] };
  await streamText({ model: openai.chat('gpt-4o'), prompt: PROMPT, telemetry }).consumeStream();
  await embed({ model: openai.embedding('text-embedding-3-small'), value: 'hello there', telemetry });

  expect(await capture.calls()).toMatchObject([
    { ...CHAT_CALL, dialect: 'ai-sdk' },
    {
      operation: 'embeddings',
      provider: 'openai',
      model: 'text-embedding-3-small',
      inputTokens: 4,
      costUsd: '0.000000080000',
      echoSpanIds: [expect.any(String)],
    },
  ]);
});

it('AI SDK 7 tells of reasoning by a key of its own alone', () => {
  const attributes = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-4o',
    'gen_ai.usage.input_tokens': 1000,
    'gen_ai.usage.output_tokens': 100,
    'ai.usage.outputTokenDetails.reasoningTokens': 40,
  };
  expect(readSpan(attributes, 'gen_ai')).toMatchObject({ dialect: 'ai-sdk', usage: { reasoningTokens: 40 } });
  expect(readSpan(attributes, 'my own tracer')).toMatchObject({ dialect: 'ai-sdk', usage: { reasoningTokens: 40 } });
});
