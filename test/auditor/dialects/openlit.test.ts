import * as anthropicModule from '@anthropic-ai/sdk';
import * as openAiModule from 'openai';
import { Openlit } from 'openlit';
import { expect, it } from 'vitest';
import { startProvider } from '../../demo/provider.js';
import { ANTHROPIC_COST_USD, startAnthropic } from '../../support/anthropic.js';
import { CHAT_CALL, startCapture } from '../../support/captured-spans.js';
import { readSpan } from '../../support/read-span.js';
import { RESPONSE_CALL, useOpenAi } from '../../support/use-openai.js';

it('OpenLIT is read from its own instrumentation of OpenAI and Anthropic, with the cost that it worked out', async () => {
  await using capture = await startCapture({ isGlobal: false });
  await using provider = await startProvider();
  await using anthropic = await startAnthropic();
  Openlit.init({
    otlpEndpoint: capture.otlpUrl,
    disableBatch: true,
    disableMetrics: true,
    disableEvents: true,
    // A price list by URL would be fetched.
    pricingJson: { chat: { 'gpt-4o': { promptPrice: 0.0025, completionPrice: 0.01 } } },
    instrumentations: { openai: openAiModule, anthropic: anthropicModule },
  });
  await useOpenAi(provider.url);
  await new anthropicModule.Anthropic({ apiKey: 'none', baseURL: anthropic.url }).messages.create({
    model: 'claude-test-1',
    max_tokens: 10,
    messages: [{ role: 'user', content: 'Who pays?' }],
  });
  const isHere = async (): Promise<boolean> =>
    (await capture.spans()).some(({ scopeName }) => scopeName === '@openlit/instrumentation-anthropic');
  await expect.poll(isHere).toBe(true);

  const dialect = 'openlit';
  // Its price list knows no price of cached tokens here.
  const reportedCostUsd = '0.001730000000';
  const own = (await capture.spans()).find(({ scopeName }) => scopeName === '@openlit/instrumentation-anthropic');
  expect(own?.call).toMatchObject({
    dialect,
    usage: { inputTokens: 1100, cacheReadTokens: 800, cacheWriteTokens: 200, outputTokens: 50 },
    reportedCostUsd: null,
  });
  expect(await capture.calls()).toMatchObject([
    { ...CHAT_CALL, dialect, reportedCostUsd },
    { ...CHAT_CALL, dialect, reportedCostUsd },
    { dialect, model: 'gpt-4o', ...RESPONSE_CALL, reportedCostUsd: '0.001710000000' },
    { dialect, operation: 'embeddings', inputTokens: 3, costUsd: '0.000000060000', reportedCostUsd: null },
    { provider: 'anthropic', inputTokens: 1100, costUsd: ANTHROPIC_COST_USD, echoSpanIds: [own?.spanId] },
  ]);
});

it('OpenLIT is read by older keys, and a cost of 0 is one that it does not know', () => {
  const attributes = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.system': 'openai',
    'gen_ai.request.model': 'gpt-4o',
    'gen_ai.request.user': 'u1',
    'gen_ai.usage.input_tokens': 1000,
    'gen_ai.usage.output_tokens': 100,
    'gen_ai.usage.prompt_tokens_details.cache_read': 800,
    'gen_ai.usage.prompt_tokens_details.cache_write': 50,
    'gen_ai.usage.reasoning_tokens': 40,
    'gen_ai.usage.cost': 0,
  };
  expect(readSpan(attributes)).toMatchObject({
    dialect: 'openlit',
    usage: { inputTokens: 1000, cacheReadTokens: 800, cacheWriteTokens: 50, reasoningTokens: 40 },
    reportedCostUsd: null,
  });
  expect(readSpan(attributes, '@openlit/instrumentation-replicate')?.usageEstimated).toBe(true);
});
