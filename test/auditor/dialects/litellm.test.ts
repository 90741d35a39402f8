import { describe, expect, it } from 'vitest';
import { auditTrace } from '../../../auditor/audit.js';
import { keptKeys } from '../../../auditor/dialects/kept-keys.js';
import { TEST_PRICES } from '../../support/captured-spans.js';
import { contract } from '../../support/contract.js';
import type { WrittenAttributes } from '../../support/read-span.js';
import { readSpan } from '../../support/read-span.js';
import { trace } from '../../support/trace.js';

/** A span of the proxy's first generation, after its own sources: the alias `fast` stands for `gpt-4o`. */
const FIRST = {
  'llm.request.type': 'acompletion',
  'gen_ai.system': 'openai',
  'gen_ai.request.model': 'gpt-4o',
  'gen_ai.response.model': 'fast',
  'gen_ai.response.id': 'chatcmpl-1',
  'gen_ai.usage.prompt_tokens': 1000,
  'gen_ai.usage.completion_tokens': 100,
  'gen_ai.cost.total_cost': 0.0025,
  'llm.is_streaming': 'True',
  'metadata.user_api_key_hash': '88dc28',
  'metadata.user_api_key_team_id': 'team-1',
  'metadata.usage_object':
    "{'completion_tokens': 100, 'prompt_tokens': 1000, 'completion_tokens_details': {'reasoning_tokens': 40, 'audio_tokens': None}, 'prompt_tokens_details': {'cached_tokens': 800, 'audio_tokens': None}}",
  hidden_params: { model_id: 'e6746e78', cache_key: null, response_cost: 0.0025 },
};

/** A span of the second generation. */
const SECOND = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': 'fast',
  'gen_ai.response.model': 'fast',
  'litellm.provider.model': 'openai/gpt-4o',
  'litellm.call_id': 'call-1',
  'litellm.request.streaming': true,
  'gen_ai.usage.input_tokens': 1000,
  'gen_ai.usage.output_tokens': 100,
  'gen_ai.usage.cache_read.input_tokens': 800,
  'litellm.cost.total': 0.0025,
};

const usage = { inputTokens: 1000, cacheReadTokens: 800, outputTokens: 100 };

describe('LiteLLM', () => {
  it('is read from spans of both generations, and the model is the one that was called, not its alias', () => {
    const common = { dialect: 'litellm', operation: 'chat', provider: 'openai', responseModel: 'gpt-4o', stream: true };
    const reportedCostUsd = '0.002500000000';
    expect(readSpan(FIRST, 'litellm')).toMatchObject({
      ...common,
      reportedCostUsd,
      usage: { ...usage, reasoningTokens: 40 },
    });
    expect(readSpan(SECOND, 'litellm')).toMatchObject({ ...common, reportedCostUsd, usage });
    expect(readSpan(SECOND, 'a renamed tracer')).toMatchObject({ dialect: 'litellm' });
  });

  it('costs once, whichever of its spans carry the attributes and whatever they are called', () => {
    const priced = contract({ prices: TEST_PRICES });
    const facts = readSpan(FIRST, 'litellm');
    const raw = readSpan({ 'llm.openai.messages': '[]', 'llm.openai.model': 'gpt-4o' }, 'litellm');
    expect(raw).toBeNull();
    const inProxy = trace().station('litellm', {}, { name: 'Received Proxy Server Request', call: facts });
    const alone = auditTrace(inProxy.spans, priced).calls;
    const below = inProxy
      .inside({}, { name: 'litellm_request', call: facts })
      .inside({}, { name: 'raw_gen_ai_request' });
    const nested = auditTrace(below.spans, priced).calls;
    // 200 tokens at $2.50, 800 cached ones at $1.25, 100 at $10.
    expect(alone).toMatchObject([{ costUsd: '0.002500000000', echoSpanIds: [] }]);
    expect(nested).toMatchObject([{ costUsd: '0.002500000000', echoSpanIds: [inProxy.spanId] }]);
  });

  it('answers from its cache at no cost, though the span repeats usage and cost', () => {
    const replay: WrittenAttributes = { ...FIRST, hidden_params: { cache_key: '5f2c', response_cost: 0.0025 } };
    const call = readSpan(replay, 'litellm');
    expect(call?.cacheReplay).toBe(true);
    expect(readSpan(FIRST, 'litellm')?.cacheReplay).toBe(false);
    const { spans } = trace().station('litellm', {}, { call });
    expect(auditTrace(spans, contract({ prices: TEST_PRICES })).calls[0]?.costUsd).toBe('0.000000000000');
  });

  it.each([
    ['bedrock', 'aws.bedrock'],
    ['azure', 'azure.ai.openai'],
    ['vertex_ai', 'gcp.vertex_ai'],
    ['gemini', 'gcp.gemini'],
  ])('names the provider %s as %s', (said, name) => {
    expect(readSpan({ ...FIRST, 'gen_ai.system': said }, 'litellm')?.provider).toBe(name);
  });

  it('cuts off nothing but the provider before a model', () => {
    const model = (said: string) => readSpan({ ...SECOND, 'litellm.provider.model': said }, 'litellm')?.responseModel;
    expect(model('openai/gpt-4o')).toBe('gpt-4o');
    expect(model('Qwen/Qwen2.5')).toBe('Qwen/Qwen2.5');
  });

  it('has tools, guardrails and management, which are no calls', () => {
    expect(readSpan({ 'litellm.call_id': 'a', 'gen_ai.operation.name': 'execute_tool' }, 'litellm')).toBeNull();
    expect(readSpan({ 'litellm.call_id': 'a', 'litellm.cost.guardrail': 0.1 }, 'litellm')).toBeNull();
    expect(readSpan({ ...SECOND, 'gen_ai.operation.name': 'litellm.responses_management' }, 'litellm')).toBeNull();
  });

  it('keeps who the gateway says that it is', () => {
    const isKept = keptKeys(contract());
    const keys = [
      'metadata.user_api_key_team_id',
      'metadata.user_api_key_alias',
      'litellm.team.id',
      'metadata.team_id',
    ];
    expect(keys.filter((key) => !isKept(key))).toEqual([]);
  });
});
