import { LangfuseSpanProcessor } from '@langfuse/otel';
import { propagateAttributes, startObservation } from '@langfuse/tracing';
import { InMemorySpanExporter } from '@opentelemetry/sdk-trace-base';
import { describe, expect, it } from 'vitest';
import { CHAT_CALL, startCapture } from '../../support/captured-spans.js';
import { readSpan } from '../../support/read-span.js';

describe('Langfuse', () => {
  it('is read from its own SDK; the observations around a generation are no calls', async () => {
    // Its own exporter would send to Langfuse.
    const processor = new LangfuseSpanProcessor({
      exporter: new InMemorySpanExporter(),
      publicKey: 'none',
      secretKey: 'none',
    });
    await using capture = await startCapture({ processors: [processor] });
    propagateAttributes({ userId: 'u1', sessionId: 's1', metadata: { customer: 'acme' } }, () => {
      const ask = startObservation('ask', {}, { asType: 'agent' });
      const generation = ask.startObservation(
        'answer',
        {
          model: 'gpt-4o',
          input: 'Who pays?',
          usageDetails: { input: 316, input_cached_tokens: 192, output: 46 },
          costDetails: { input: 0.00103, output: 0.00046, total: 0.00149 },
        },
        { asType: 'generation' },
      );
      generation.end();
      ask.end();
    });

    expect(await capture.calls()).toMatchObject([
      { ...CHAT_CALL, dialect: 'langfuse', user: 'u1', reportedCostUsd: '0.001490000000', echoSpanIds: [] },
    ]);
    const { attributes } = (await capture.spans()).find(({ name }) => name === 'answer') ?? {};
    expect(attributes).toEqual(expect.arrayContaining(['langfuse.trace.metadata.customer', 'acme']));
    expect(attributes).not.toContain('Who pays?');
  });

  const read = (usage: object) =>
    readSpan({
      'langfuse.observation.type': 'generation',
      'langfuse.observation.model.name': 'gpt-4o',
      'langfuse.observation.usage_details': usage,
    })?.usage;

  const usage = { inputTokens: 1000, cacheReadTokens: 800, outputTokens: 100, reasoningTokens: 40 };

  it('counts parts beside their whole in its own words', () => {
    expect(read({ input: 200, input_cached_tokens: 800, output: 60, output_reasoning_tokens: 40 })).toMatchObject(
      usage,
    );
    expect(read({ input: 193, input_audio_tokens: 7, input_cached_tokens: 800, output: 100 })).toMatchObject({
      inputTokens: 1000,
      inputAudioTokens: 7,
    });
  });

  it("counts them within it where OpenAI's usage was handed on", () => {
    const chat = {
      prompt_tokens: 1000,
      completion_tokens: 100,
      prompt_tokens_details: { cached_tokens: 800 },
      completion_tokens_details: { reasoning_tokens: 40 },
    };
    const response = {
      input_tokens: 1000,
      output_tokens: 100,
      input_tokens_details: { cached_tokens: 800 },
      output_tokens_details: { reasoning_tokens: 40 },
    };
    expect(read(chat)).toMatchObject(usage);
    expect(read(response)).toMatchObject(usage);
  });

  it("counts them beside it where Anthropic's was", () => {
    const own = {
      input_tokens: 100,
      output_tokens: 50,
      cache_read_input_tokens: 800,
      cache_creation_input_tokens: 200,
    };
    expect(read(own)).toMatchObject({ inputTokens: 1100, cacheReadTokens: 800, cacheWriteTokens: 200 });
  });

  it('leaves alone the spans of others that its processor stamped', () => {
    const attributes = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4o',
      'langfuse.environment': 'production',
      'session.id': 's1',
    };
    expect(readSpan(attributes)?.dialect).toBe('otel-genai');
  });
});
