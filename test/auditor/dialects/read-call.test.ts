import { describe, expect, it } from 'vitest';
import { matchesPattern, matchesScope } from '../../../auditor/dialects/dialect.js';
import { looksLikeAttribution } from '../../../auditor/dialects/look-alike.js';
import { makerOf } from '../../../auditor/dialects/provider.js';
import { readCall } from '../../../auditor/dialects/read-call.js';

const CHAT = { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'gpt-4o' };

const read = (attributes: Readonly<Record<string, string>>, scope = '', version = '') =>
  readCall(scope, version, Object.entries(attributes).flat());

describe('the instrumentation that wrote a span', () => {
  it.each([
    ['openlit*', 'openlit.anthropic', true],
    ['openlit*', 'openlit', true],
    ['openlit*', 'my.openlit', false],
    ['openlit', 'openlit', true],
    ['openlit', 'openlit.anthropic', false],
    ['*lit', 'openlit', false],
  ])('by %s is %s: %s', (pattern, name, expected) => {
    expect(matchesPattern(pattern, name)).toBe(expected);
  });

  it.each([
    ['1.1.9', false],
    ['1.2', true],
    ['1.2.0-beta', true],
    ['1.10.3', true],
    ['2.0.0', false],
    ['', false],
  ])('from 1.2 and before 2 is version %j: %s', (version, expected) => {
    expect(matchesScope({ name: 'sdk', since: '1.2', before: '2' }, 'sdk', version)).toBe(expected);
    expect(matchesScope({ name: 'sdk', since: '1.2', before: '2' }, 'other', version)).toBe(false);
    expect(matchesScope({ name: 'sdk' }, 'sdk', version)).toBe(true);
  });

  it.each([
    ['litellm', 'litellm'],
    ['@traceloop/instrumentation-openai', 'traceloop'],
    ['traceloop.sdk', 'traceloop'],
    ['gen_ai', 'ai-sdk'],
    ['somebody', 'otel-genai'],
    ['', 'otel-genai'],
  ])('%j speaks %s, though the span bears marks that others bear too', (scope, dialect) => {
    expect(read(CHAT, scope)?.dialect).toBe(dialect);
  });

  it.each([
    ['litellm.call_id', 'somebody', 'litellm'],
    ['traceloop.workflow.name', 'somebody', 'traceloop'],
    ['bifrost.request.id', 'somebody', 'bifrost'],
    ['litellm.call_id', 'openlit', 'openlit'],
    ['http.route', 'somebody', 'otel-genai'],
  ])('is told by the mark %s on a span of %s: %s', (mark, scope, dialect) => {
    expect(read({ ...CHAT, [mark]: 'x' }, scope)?.dialect).toBe(dialect);
  });

  it('counts by its own rules: cached tokens beside the input, or within it', () => {
    const counts = { 'gen_ai.usage.input_tokens': '200', 'gen_ai.usage.cache_read_input_tokens': '800' };
    const inputOf = (scope: string) => read({ ...CHAT, ...counts }, scope)?.usage?.inputTokens;
    expect(inputOf('@traceloop/instrumentation-anthropic')).toBe(1000);
    expect(inputOf('@traceloop/instrumentation-openai')).toBe(200);
    const byProvider = (name: string) =>
      read(
        { ...CHAT, 'gen_ai.provider.name': name, ...counts, 'gen_ai.usage.cache_read.input_tokens': '800' },
        'openlit',
      )?.usage?.inputTokens;
    expect(byProvider('Anthropic')).toBe(1000);
    expect(byProvider('openai')).toBe(200);
  });

  it('adds each kind of token that stands beside the others to its whole', () => {
    const details = {
      input: 100,
      input_cached_tokens: 10,
      input_cache_creation: 20,
      input_audio_tokens: 5,
      output: 50,
      output_reasoning_tokens: 7,
      output_audio_tokens: 3,
    };
    const usage = (kept: object) =>
      read({
        'langfuse.observation.type': 'generation',
        'langfuse.observation.usage_details': JSON.stringify(kept),
      })?.usage;
    expect(usage(details)).toMatchObject({
      inputTokens: 135,
      outputTokens: 60,
      cacheReadTokens: 10,
      reasoningTokens: 7,
    });
    expect(usage({ input: 100, output: 50 })).toMatchObject({
      inputTokens: 100,
      outputTokens: 50,
      cacheWriteTokens: 0,
    });
  });

  it('may write a cost of 0 where it knows no price, or where nothing was to be paid', () => {
    const cost = (said: string, scope: string) => read({ ...CHAT, 'gen_ai.usage.cost': said }, scope)?.reportedCostUsd;
    expect(cost('0', 'openlit')).toBeNull();
    expect(cost('0.5', 'openlit')).toBe('0.500000000000');
    expect(cost('0', 'somebody')).toBe('0.000000000000');
    expect(cost('', 'somebody')).toBeNull();
  });

  it('may guess its counts, which is said of calls that have some', () => {
    const guessed = (attributes: object, scope = '@openlit/instrumentation-replicate') =>
      read({ ...CHAT, ...attributes }, scope)?.usageEstimated;
    expect(guessed({ 'gen_ai.usage.input_tokens': '7' })).toBe(true);
    expect(guessed({})).toBe(false);
    expect(guessed({ 'gen_ai.usage.input_tokens': '7' }, 'openlit')).toBe(false);
    expect(read({ ...CHAT, 'gen_ai.operation.name': 'execute_tool' }, '@openlit/instrumentation-replicate')).toBeNull();
  });
});

describe('the provider of a call', () => {
  const model = (name: string) => ({
    'langfuse.observation.type': 'generation',
    'langfuse.observation.model.name': name,
  });

  it('is the maker of the model where a dialect never names one, and as it is spelt elsewhere', () => {
    expect(read(model('claude-sonnet-4-5'))?.provider).toBe('anthropic');
    expect(read(model('our-own'))?.provider).toBe('');
    expect(read({ ...CHAT, 'gen_ai.provider.name': '' })?.provider).toBe('');
    const llm = { 'openinference.span.kind': 'LLM', 'llm.model_name': 'gpt-4o' };
    expect(read({ ...llm, 'llm.provider': 'Azure' })?.provider).toBe('azure.ai.openai');
    expect(read(llm)?.provider).toBe('openai');
  });

  it.each([
    ['GPT-4o', 'openai'],
    [' o3-mini ', 'openai'],
    ['o1', 'openai'],
    ['o1x', ''],
    ['grok-4', 'x_ai'],
    ['my-gpt-4o', ''],
  ])('%j is made by %j', (name, maker) => {
    expect(makerOf(name)).toBe(maker);
  });

  it.each([
    ['bifrost', 'openai', 'openai/gpt-4o', 'gpt-4o'],
    ['bifrost', 'azure', 'azure/gpt-4o', 'gpt-4o'],
    ['bifrost', 'groq', 'openai/gpt-oss', 'openai/gpt-oss'],
    ['bifrost', 'openai', 'gpt-4o', 'gpt-4o'],
    ['bifrost', 'openai', 'openaigpt-4o', 'openaigpt-4o'],
    ['bifrost', '', '/gpt-4o', '/gpt-4o'],
    ['somebody', 'openai', 'openai/gpt-4o', 'openai/gpt-4o'],
  ])('is cut off the model by %s alone: %s, %s', (scope, provider, said, bare) => {
    const call = read({ ...CHAT, 'gen_ai.provider.name': provider, 'gen_ai.request.model': said }, scope);
    expect(call?.requestModel).toBe(bare);
  });
});

describe('a value inside JSON', () => {
  const replay = (hidden_params: string) => read({ ...CHAT, hidden_params }, 'litellm')?.cacheReplay;

  it.each([
    ['{"cache_key": "abc"}', true],
    ["{'cache_key': 'abc', 'other': None}", true],
    ['{"cache_key": 0}', true],
    ['{"cache_key": false}', true],
    ['{"cache_key": ""}', false],
    ['{"cache_key": null}', false],
    ['{"cache_key": {}}', false],
    ['{"cache_key": ["a"]}', false],
    ['{"other": 1}', false],
    ['null', false],
    ['"cache_key"', false],
    ['{"cache_key"', false],
    ['', false],
  ])('says something where it is a text, number or boolean: %s', (hidden, expected) => {
    expect(replay(hidden)).toBe(expected);
  });

  it('is looked up in what the span itself says, not in what another said', () => {
    expect([replay('{"cache_key": "a"}'), replay('{}'), replay('{"cache_key": "a"}')]).toEqual([true, false, true]);
  });

  it('never is what an object inherits', () => {
    const usage = (text: string) =>
      read({ 'langfuse.observation.type': 'generation', ...langfuse(text) })?.usage ?? null;
    expect(usage('{"prompt_tokens": 7, "prompt_tokens_details": null}')).toMatchObject({ inputTokens: 7 });
    expect(usage('{"prompt_tokens_details": "length"}')).toBeNull();
    expect(usage('[]')).toBeNull();
  });

  const langfuse = (text: string) => ({ 'langfuse.observation.usage_details': text });
});

it('a key is known for attribution by its words, however they are put together', () => {
  for (const key of ['tenant--id', 'x-tenant', 'tenantId', 'TENANT_ID']) expect(looksLikeAttribution(key)).toBe(true);
});
