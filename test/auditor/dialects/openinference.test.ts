import { OpenAIInstrumentation } from '@arizeai/openinference-instrumentation-openai';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { startProvider } from '../../demo/provider.js';
import { CHAT_CALL, startCapture } from '../../support/captured-spans.js';
import { readSpan } from '../../support/read-span.js';
import { RESPONSE_CALL, useOpenAi } from '../../support/use-openai.js';

describe('OpenInference', () => {
  it('is read from its own instrumentation of OpenAI; what it does not count has no known cost', async () => {
    await using capture = await startCapture();
    await using provider = await startProvider();
    const { tracerProvider } = capture;
    new OpenAIInstrumentation({ tracerProvider }).manuallyInstrument(OpenAI);
    await useOpenAi(provider.url);

    const dialect = 'openinference';
    const unknown = { inputTokens: null, outputTokens: null, costUsd: null };
    expect(await capture.calls()).toMatchObject([
      { ...CHAT_CALL, dialect },
      { dialect, operation: 'chat', ...unknown },
      { dialect, operation: 'chat', provider: 'openai', model: 'gpt-4o', ...RESPONSE_CALL },
      { dialect, operation: 'embeddings', provider: 'openai', model: 'text-embedding-3-small', ...unknown },
    ]);
  });

  it.each(['AGENT', 'CHAIN', 'TOOL', 'RETRIEVER', 'RERANKER', 'GUARDRAIL'])(
    'repeats its children on %s, which is no call',
    (kind) => {
      const attributes = { 'openinference.span.kind': kind, 'llm.model_name': 'gpt-4o', 'llm.token_count.prompt': 5 };
      expect(readSpan({ ...attributes, 'llm.system': 'openai', 'gen_ai.operation.name': 'chat' })).toBeNull();
    },
  );

  it.each([
    ['azure', 'gpt-4o', 'azure.ai.openai'],
    ['google', 'gemini-2.5-pro', 'gcp.gemini'],
    ['', 'claude-sonnet-4-5', 'anthropic'],
    ['', 'my-finetune', ''],
  ])('names the provider %s of %s as %s', (provider, model, name) => {
    const attributes = { 'openinference.span.kind': 'LLM', 'llm.model_name': model, 'llm.provider': provider };
    expect(readSpan(attributes)?.provider).toBe(name);
  });

  it('reports its own cost, and every part of the usage', () => {
    expect(
      readSpan({
        'openinference.span.kind': 'LLM',
        'llm.provider': 'openai',
        'llm.model_name': 'gpt-4o',
        'llm.token_count.prompt': 1000,
        'llm.token_count.completion': 100,
        'llm.token_count.prompt_details.cache_read': 800,
        'llm.token_count.prompt_details.cache_write': 50,
        'llm.token_count.prompt_details.audio': 7,
        'llm.token_count.completion_details.reasoning': 40,
        'llm.token_count.completion_details.audio': 3,
        'llm.cost.total': 0.0025,
      }),
    ).toMatchObject({
      usage: {
        inputTokens: 1000,
        outputTokens: 100,
        cacheReadTokens: 800,
        cacheWriteTokens: 50,
        reasoningTokens: 40,
        inputAudioTokens: 7,
        outputAudioTokens: 3,
      },
      reportedCostUsd: '0.002500000000',
    });
  });
});
