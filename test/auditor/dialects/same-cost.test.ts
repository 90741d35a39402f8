import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { auditTrace } from '../../../auditor/audit.js';
import { dialects } from '../../../auditor/dialects/all.js';
import { decodeJson } from '../../../collector/otlp/json.js';
import { createSpanReader } from '../../../collector/otlp/span-reader.js';
import { TEST_PRICES } from '../../support/captured-spans.js';
import { contract } from '../../support/contract.js';
import type { WrittenAttributes } from '../../support/read-span.js';

interface Written {
  readonly scope?: string;
  readonly attributes: WrittenAttributes;
}

const genAi = (provider: string, model: string) => ({
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': provider,
  'gen_ai.request.model': model,
});

const OPENAI = {
  ...genAi('openai', 'gpt-4o'),
  'gen_ai.usage.input_tokens': 1000,
  'gen_ai.usage.output_tokens': 100,
  'gen_ai.usage.cache_read.input_tokens': 800,
};

/** 1,000 tokens to gpt-4o, of which 800 were cached, and 100 back, of which 40 were reasoning. */
const SAME_REQUEST: Readonly<Record<string, Written>> = {
  'otel-genai': { attributes: { ...OPENAI, 'gen_ai.usage.reasoning.output_tokens': 40 } },
  openinference: {
    attributes: {
      'openinference.span.kind': 'LLM',
      'llm.provider': 'openai',
      'llm.model_name': 'gpt-4o',
      'llm.token_count.prompt': 1000,
      'llm.token_count.completion': 100,
      'llm.token_count.prompt_details.cache_read': 800,
      'llm.token_count.completion_details.reasoning': 40,
    },
  },
  traceloop: {
    scope: 'opentelemetry.instrumentation.openai.v1',
    attributes: {
      'llm.request.type': 'chat',
      'gen_ai.system': 'openai',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.usage.input_tokens': 1000,
      'gen_ai.usage.output_tokens': 100,
      'gen_ai.usage.cache_read_input_tokens': 800,
      'gen_ai.usage.reasoning_tokens': 40,
    },
  },
  'ai-sdk': { scope: 'gen_ai', attributes: { ...OPENAI, 'ai.usage.outputTokenDetails.reasoningTokens': 40 } },
  'ai-sdk-legacy': {
    scope: 'ai',
    attributes: {
      'ai.operationId': 'ai.streamText.doStream',
      'ai.model.id': 'gpt-4o',
      'ai.model.provider': 'openai.responses',
      'ai.usage.inputTokens': 1000,
      'ai.usage.outputTokens': 100,
      'ai.usage.cachedInputTokens': 800,
      'ai.usage.reasoningTokens': 40,
    },
  },
  langfuse: {
    scope: 'langfuse-sdk',
    attributes: {
      'langfuse.observation.type': 'generation',
      'langfuse.observation.model.name': 'gpt-4o',
      'langfuse.observation.usage_details': {
        input: 200,
        input_cached_tokens: 800,
        output: 60,
        output_reasoning_tokens: 40,
      },
    },
  },
  litellm: {
    scope: 'litellm',
    attributes: {
      'llm.request.type': 'acompletion',
      'gen_ai.system': 'openai',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.response.model': 'fast',
      'gen_ai.usage.prompt_tokens': 1000,
      'gen_ai.usage.completion_tokens': 100,
      'metadata.usage_object': {
        prompt_tokens_details: { cached_tokens: 800 },
        completion_tokens_details: { reasoning_tokens: 40 },
      },
    },
  },
  'langwatch-gateway': {
    attributes: {
      'langwatch.provider': 'openai',
      'langwatch.model': 'openai/gpt-4o',
      'gen_ai.usage.input_tokens': 1000,
      'gen_ai.usage.output_tokens': 100,
      'gen_ai.usage.cache_read.input_tokens': 800,
      'gen_ai.usage.reasoning.output_tokens': 40,
    },
  },
  cloudflare: {
    attributes: {
      'gen_ai.model.provider': 'openai',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.usage.input_tokens': 1000,
      'gen_ai.usage.output_tokens': 100,
      // Not seen on its spans yet; where they come, they are OpenTelemetry's.
      'gen_ai.usage.cache_read.input_tokens': 800,
      'gen_ai.usage.reasoning.output_tokens': 40,
    },
  },
  agentgateway: { scope: 'agentgateway', attributes: { ...OPENAI, 'gen_ai.usage.reasoning_tokens': 40 } },
  bifrost: {
    scope: 'bifrost-otel-plugin',
    attributes: {
      ...genAi('openai', 'gpt-4o'),
      'gen_ai.usage.prompt_tokens': 1000,
      'gen_ai.usage.completion_tokens': 100,
      'gen_ai.usage.prompt_token_details.cached_read_tokens': 800,
      'gen_ai.usage.completion_token_details.reasoning_tokens': 40,
    },
  },
  openlit: {
    scope: '@openlit/instrumentation-openai',
    attributes: { ...OPENAI, 'gen_ai.usage.reasoning_tokens': 40 },
  },
  mastra: {
    attributes: { ...OPENAI, 'mastra.span.type': 'model_generation', 'gen_ai.usage.reasoning_tokens': 40 },
  },
  langsmith: {
    scope: 'langsmith',
    attributes: {
      'langsmith.span.kind': 'llm',
      'gen_ai.system': 'openai',
      'gen_ai.request.model': 'gpt-4o',
      'langsmith.usage_metadata': {
        input_tokens: 1000,
        output_tokens: 100,
        input_token_details: { cache_read: 800 },
        output_token_details: { reasoning: 40 },
      },
    },
  },
};

const ANTHROPIC_OWN = {
  'gen_ai.usage.input_tokens': 100,
  'gen_ai.usage.output_tokens': 50,
  'gen_ai.usage.cache_read.input_tokens': 800,
  'gen_ai.usage.cache_creation.input_tokens': 200,
};

const ANTHROPIC_WHOLE = { ...ANTHROPIC_OWN, 'gen_ai.usage.input_tokens': 1100 };

const claude = genAi('anthropic', 'claude-test-1');

/** 100 plain tokens, 800 read from the cache, 200 written to it, and 50 back: cached ones within the input or beside it. */
const SAME_ANTHROPIC_REQUEST: readonly (readonly [string, Written])[] = [
  ['otel-genai', { attributes: { ...claude, ...ANTHROPIC_WHOLE } }],
  ['otel-genai', { scope: 'com.anthropic.sdk.typescript', attributes: { ...claude, ...ANTHROPIC_WHOLE } }],
  ['traceloop', { scope: '@traceloop/instrumentation-anthropic', attributes: { ...claude, ...ANTHROPIC_OWN } }],
  [
    'traceloop',
    {
      scope: 'opentelemetry.instrumentation.anthropic',
      attributes: { ...claude, ...ANTHROPIC_WHOLE, 'traceloop.workflow.name': 'ask' },
    },
  ],
  ['openlit', { scope: '@openlit/instrumentation-anthropic', attributes: { ...claude, ...ANTHROPIC_OWN } }],
  ['litellm', { scope: 'litellm', attributes: { ...claude, ...ANTHROPIC_WHOLE } }],
  ['ai-sdk', { scope: 'gen_ai', attributes: { ...claude, ...ANTHROPIC_WHOLE } }],
  [
    'ai-sdk-legacy',
    {
      scope: 'ai',
      attributes: {
        'ai.operationId': 'ai.generateText.doGenerate',
        'ai.model.id': 'claude-test-1',
        'ai.model.provider': 'anthropic.messages',
        'ai.usage.inputTokens': 100,
        'ai.usage.outputTokens': 50,
        'ai.usage.cachedInputTokens': 800,
        'ai.response.providerMetadata': {
          anthropic: {
            usage: {
              input_tokens: 100,
              output_tokens: 50,
              cache_read_input_tokens: 800,
              cache_creation_input_tokens: 200,
            },
          },
        },
      },
    },
  ],
  [
    'langfuse',
    {
      scope: 'langfuse-sdk',
      attributes: {
        'langfuse.observation.type': 'generation',
        'langfuse.observation.model.name': 'claude-test-1',
        'langfuse.observation.usage_details': {
          input: 100,
          output: 50,
          cache_read_input_tokens: 800,
          cache_creation_input_tokens: 200,
        },
      },
    },
  ],
  [
    'openinference',
    {
      attributes: {
        'openinference.span.kind': 'LLM',
        'llm.system': 'anthropic',
        'llm.model_name': 'claude-test-1',
        'llm.token_count.prompt': 1100,
        'llm.token_count.completion': 50,
        'llm.token_count.prompt_details.cache_read': 800,
        'llm.token_count.prompt_details.cache_write': 200,
      },
    },
  ],
];

const priced = contract({ prices: TEST_PRICES });
const reader = createSpanReader(priced);

/** The calls of a span that came in over OTLP. */
function callsOf({ scope = '', attributes }: Written) {
  const span = {
    traceId: '1'.repeat(32),
    spanId: '2'.repeat(16),
    startTimeUnixNano: '1793620800000000000',
    endTimeUnixNano: '1793620801000000000',
    attributes: Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) })),
  };
  const body = { resourceSpans: [{ scopeSpans: [{ scope: { name: scope, version: '1' }, spans: [span] }] }] };
  const { spans } = decodeJson(Buffer.from(JSON.stringify(body)), reader);
  return auditTrace(spans, priced).calls;
}

function anyValue(value: string | number | boolean | object): object {
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return { stringValue: typeof value === 'object' ? JSON.stringify(value) : value };
}

describe('The same request costs the same', () => {
  it('in every dialect there is', () => {
    expect(Object.keys(SAME_REQUEST).toSorted()).toEqual(dialects.map(({ id }) => id).toSorted());
  });

  it.each(Object.entries(SAME_REQUEST))('to OpenAI in %s, with cached tokens and reasoning', (dialect, written) => {
    // 200 tokens at $2.50, 800 cached ones at $1.25, 100 at $10, a million each.
    expect(callsOf(written)).toMatchObject([
      {
        dialect,
        provider: 'openai',
        model: 'gpt-4o',
        inputTokens: 1000,
        cacheReadTokens: 800,
        outputTokens: 100,
        reasoningTokens: 40,
        costUsd: '0.002500000000',
      },
    ]);
  });

  it.each(SAME_ANTHROPIC_REQUEST)(
    'to Anthropic in %s, with tokens read from and written to the cache',
    (dialect, written) => {
      expect(callsOf(written)).toMatchObject([
        {
          dialect,
          provider: 'anthropic',
          model: 'claude-test-1',
          inputTokens: 1100,
          cacheReadTokens: 800,
          cacheWriteTokens: 200,
          outputTokens: 50,
          costUsd: '0.002040000000',
        },
      ]);
    },
  );
});
