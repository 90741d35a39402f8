import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { factKeys } from '../../../auditor/dialects/places.js';
import { readCall } from '../../../auditor/dialects/read-call.js';

const CHAT = { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'gpt-4o' };

function read(attributes: Readonly<Record<string, string>>, scope = 'test', version = '1.0.0') {
  return readCall(scope, version, Object.entries(attributes).flat());
}

const usage = (attributes: Readonly<Record<string, string>>) => read({ ...CHAT, ...attributes })?.usage;

describe('a call in OpenTelemetry GenAI', () => {
  it('is read whole', () => {
    const facts = read({
      ...CHAT,
      'gen_ai.response.model': 'gpt-4o-2024-08-06',
      'gen_ai.response.id': 'chatcmpl-1',
      'gen_ai.conversation.id': 'conv-1',
      'gen_ai.request.stream': 'true',
      'gen_ai.usage.input_tokens': '1000',
      'gen_ai.usage.output_tokens': '100',
      'gen_ai.usage.cache_read.input_tokens': '800',
      'gen_ai.usage.cache_write.input_tokens': '50',
      'gen_ai.usage.reasoning.output_tokens': '30',
      'gen_ai.usage.audio.input_tokens': '7',
      'gen_ai.usage.audio.output_tokens': '3',
      'gen_ai.usage.cost.amount': '0.0035',
      'gen_ai.usage.cost.currency': 'USD',
    });
    expect(facts).toEqual({
      dialect: 'otel-genai',
      operation: 'chat',
      provider: 'openai',
      requestModel: 'gpt-4o',
      responseModel: 'gpt-4o-2024-08-06',
      responseId: 'chatcmpl-1',
      conversationId: 'conv-1',
      stream: true,
      usage: {
        inputTokens: 1000,
        outputTokens: 100,
        cacheReadTokens: 800,
        cacheWriteTokens: 50,
        reasoningTokens: 30,
        inputAudioTokens: 7,
        outputAudioTokens: 3,
      },
      usageEstimated: false,
      cacheReplay: false,
      reportedCostUsd: '0.003500000000',
    });
  });

  it.each(['chat', 'generate_content', 'text_completion', 'embeddings'])('is a call: %s', (operation) => {
    expect(read({ ...CHAT, 'gen_ai.operation.name': operation })?.operation).toBe(operation);
  });

  it.each(['invoke_agent', 'create_agent', 'invoke_workflow', 'execute_tool', 'retrieval', '__proto__', 'constructor'])(
    'is no call, though it carries usage: %s',
    (operation) => {
      expect(read({ ...CHAT, 'gen_ai.operation.name': operation, 'gen_ai.usage.input_tokens': '9' })).toBeNull();
    },
  );

  it('needs no operation where model and provider are named, and one of them is not enough', () => {
    const { 'gen_ai.operation.name': _, ...unnamed } = CHAT;
    expect(read(unnamed)?.operation).toBe('chat');
    expect(read({ 'gen_ai.system': 'openai', 'gen_ai.request.model': 'gpt-4o' })?.operation).toBe('chat');
    expect(read({ 'gen_ai.request.model': 'gpt-4o' })).toBeNull();
    expect(read({ 'gen_ai.provider.name': 'openai' })).toBeNull();
    expect(read({ 'http.method': 'GET' })).toBeNull();
  });

  it('is read from keys of old, and from those of today where both are there', () => {
    const old = { 'gen_ai.usage.prompt_tokens': '1', 'gen_ai.usage.completion_tokens': '2' };
    expect(usage(old)).toMatchObject({ inputTokens: 1, outputTokens: 2 });
    expect(usage({ ...old, 'gen_ai.usage.input_tokens': '3' })).toMatchObject({ inputTokens: 3, outputTokens: 2 });
    expect(usage({ 'gen_ai.usage.cache_creation.input_tokens': '5' })).toMatchObject({ cacheWriteTokens: 5 });
    expect(read({ ...CHAT, 'gen_ai.system': 'anthropic' })?.provider).toBe('openai');
  });

  it.each([
    ['xai', 'x_ai'],
    ['gemini', 'gcp.gemini'],
    ['vertex_ai', 'gcp.vertex_ai'],
    ['az.ai.openai', 'azure.ai.openai'],
    ['az.ai.inference', 'azure.ai.inference'],
    [' OpenAI ', 'openai'],
    ['my-own', 'my-own'],
    ['__proto__', '__proto__'],
  ])('names the provider %s as %s', (said, name) => {
    expect(read({ ...CHAT, 'gen_ai.provider.name': said })?.provider).toBe(name);
  });

  it('counts whole tokens only; anything else was not reported', () => {
    for (const bad of [
      'NaN',
      'Infinity',
      '-1',
      '1.5',
      '',
      ' 5',
      '1e3',
      '0x10',
      '9007199254740992',
      '9223372036854775807',
      '12a',
    ]) {
      expect(usage({ 'gen_ai.usage.input_tokens': bad })).toBeNull();
      expect(usage({ 'gen_ai.usage.input_tokens': bad, 'gen_ai.usage.prompt_tokens': '7' })?.inputTokens).toBe(7);
    }
    expect(usage({ 'gen_ai.usage.input_tokens': '9007199254740991' })?.inputTokens).toBe(Number.MAX_SAFE_INTEGER);
    expect(usage({ 'gen_ai.usage.output_tokens': '0' })).toMatchObject({ inputTokens: null, outputTokens: 0 });
    expect(usage({})).toBeNull();
  });

  it('reports a cost in dollars that can be, and no other', () => {
    const cost = (amount: string, currency = '') =>
      read({ ...CHAT, 'gen_ai.usage.cost.amount': amount, 'gen_ai.usage.cost.currency': currency })?.reportedCostUsd;
    expect(cost('0.1')).toBe('0.100000000000');
    expect(cost('1.5e-7', 'usd')).toBe('0.000000150000');
    for (const bad of ['-1', 'NaN', '1000000', 'free', '']) expect(cost(bad)).toBeNull();
    expect(cost('1', 'EUR')).toBeNull();
    expect(read({ ...CHAT, 'gen_ai.usage.cost': '0.25' })?.reportedCostUsd).toBe('0.250000000000');
  });

  it('has guessed token counts from the AWS SDK for Cohere and Mistral, unless the Converse API counted them', () => {
    const estimated = (model: string, more = {}, scope = '@opentelemetry/instrumentation-aws-sdk') =>
      read({ ...CHAT, 'gen_ai.request.model': model, 'gen_ai.usage.input_tokens': '5', ...more }, scope)
        ?.usageEstimated;
    expect(estimated('cohere.command-r-v1:0')).toBe(true);
    expect(estimated('eu.mistral.mistral-large-2402-v1:0')).toBe(true);
    expect(estimated('anthropic.claude-3-haiku')).toBe(false);
    expect(estimated('cohere.command-r-v1:0', { 'rpc.method': 'Converse' })).toBe(false);
    expect(estimated('cohere.command-r-v1:0', {}, 'other')).toBe(false);
    expect(estimated('cohere.command-r-v1:0', { 'gen_ai.usage.input_tokens': 'NaN' })).toBe(false);
  });

  it('never throws and never gives a count that is none, whatever the values', () => {
    const values = fc.dictionary(
      fc.constantFrom(...factKeys.keys()),
      fc.oneof(fc.string(), fc.constantFrom('chat', '5', '-5', '{}')),
    );
    fc.assert(
      fc.property(values, (attributes) => {
        const facts = read(attributes);
        for (const count of Object.values(facts?.usage ?? {})) {
          expect(count === null || (Number.isSafeInteger(count) && count >= 0)).toBe(true);
        }
      }),
      { seed: 1, numRuns: 2_000, endOnFailure: true },
    );
  });
});
