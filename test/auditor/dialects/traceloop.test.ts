import Anthropic from '@anthropic-ai/sdk';
import { AnthropicInstrumentation } from '@traceloop/instrumentation-anthropic';
import { OpenAIInstrumentation } from '@traceloop/instrumentation-openai';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { keptKeys } from '../../../auditor/dialects/kept-keys.js';
import { startProvider } from '../../demo/provider.js';
import { ANTHROPIC_COST_USD, startAnthropic } from '../../support/anthropic.js';
import { CHAT_CALL, startCapture } from '../../support/captured-spans.js';
import { contract } from '../../support/contract.js';
import { readSpan } from '../../support/read-span.js';
import { useOpenAi } from '../../support/use-openai.js';

describe('Traceloop', () => {
  it('tells no cached tokens of OpenAI, and nothing of a stream', async () => {
    await using capture = await startCapture();
    await using provider = await startProvider();
    const instrumentation = new OpenAIInstrumentation();
    instrumentation.setTracerProvider(capture.tracerProvider);
    instrumentation.manuallyInstrument(OpenAI);
    await useOpenAi(provider.url);

    const dialect = 'traceloop';
    expect(await capture.calls()).toMatchObject([
      // 508 tokens at $2.50 and 46 at $10: what it does not tell, nobody can take off.
      { ...CHAT_CALL, dialect, cacheReadTokens: 0, costUsd: '0.001730000000' },
      { dialect, model: 'gpt-4o', inputTokens: null, costUsd: null },
      { dialect, model: 'gpt-4o', inputTokens: 500, outputTokens: 46, costUsd: '0.001710000000' },
    ]);
  });

  it("hands on Anthropic's own counts, in which cached tokens stand beside the input", async () => {
    await using capture = await startCapture();
    await using anthropic = await startAnthropic();
    const instrumentation = new AnthropicInstrumentation();
    instrumentation.setTracerProvider(capture.tracerProvider);
    // It also wants to wrap `Completions`, which the client no longer has.
    const Completions = class {
      create(): void {}
    };
    const { Messages, Beta } = Anthropic;
    // Its types know the client of some years ago alone.
    const byHand: { manuallyInstrument(module: object): void } = instrumentation;
    byHand.manuallyInstrument({ Anthropic: { Completions, Messages, Beta } });
    await new Anthropic({ apiKey: 'none', baseURL: anthropic.url }).messages.create({
      model: 'claude-test-1',
      max_tokens: 10,
      messages: [{ role: 'user', content: 'Who pays?' }],
    });

    const spans = await capture.spans();
    const own = spans.find(({ scopeName }) => scopeName === '@traceloop/instrumentation-anthropic');
    expect(own?.call).toMatchObject({
      dialect: 'traceloop',
      provider: 'anthropic',
      usage: { inputTokens: 1100, cacheReadTokens: 800, cacheWriteTokens: 200, outputTokens: 50 },
    });
    // The client reports the same request by itself, below Traceloop's span: it costs once.
    expect(await capture.calls()).toMatchObject([
      { provider: 'anthropic', inputTokens: 1100, costUsd: ANTHROPIC_COST_USD, echoSpanIds: [own?.spanId] },
    ]);
  });

  it('counts cached tokens within the input where its Python instrumentation speaks, also by older keys', () => {
    const attributes = {
      'llm.request.type': 'chat',
      'gen_ai.system': 'Anthropic',
      'gen_ai.request.model': 'claude-sonnet-4-5',
      'gen_ai.usage.input_tokens': 1100,
      'gen_ai.usage.output_tokens': 50,
      'gen_ai.usage.cache_read_input_tokens': 800,
      'gen_ai.usage.cache_creation_input_tokens': 200,
      'gen_ai.usage.reasoning_tokens': 20,
    };
    expect(readSpan(attributes, 'opentelemetry.instrumentation.anthropic')).toMatchObject({
      dialect: 'traceloop',
      provider: 'anthropic',
      operation: 'chat',
      usage: { inputTokens: 1100, cacheReadTokens: 800, cacheWriteTokens: 200, outputTokens: 50, reasoningTokens: 20 },
    });
  });

  it('has workflows and tasks, which are no calls, and properties, which are kept', () => {
    expect(readSpan({ 'traceloop.span.kind': 'workflow', 'traceloop.entity.name': 'ask' })).toBeNull();
    expect(keptKeys(contract())('traceloop.association.properties.plan_of_customer')).toBe(true);
    expect(keptKeys(contract())('traceloop.entity.input')).toBe(false);
  });
});
