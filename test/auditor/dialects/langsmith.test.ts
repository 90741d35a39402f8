import { expect, it } from 'vitest';
import { keptKeys } from '../../../auditor/dialects/kept-keys.js';
import { contract } from '../../support/contract.js';
import { readSpan } from '../../support/read-span.js';

const SPAN = { 'langsmith.span.kind': 'llm', 'gen_ai.system': 'openai', 'gen_ai.request.model': 'gpt-4o' };

const usage = {
  inputTokens: 1000,
  cacheReadTokens: 800,
  cacheWriteTokens: 50,
  outputTokens: 100,
  reasoningTokens: 40,
};

it('LangSmith: usage as JSON of its own, with the cost in it', () => {
  const metadata = {
    input_tokens: 1000,
    output_tokens: 100,
    input_token_details: { cache_read: 800, cache_creation: 50 },
    output_token_details: { reasoning: 40 },
    total_cost: 0.0025,
  };
  expect(readSpan({ ...SPAN, 'langsmith.usage_metadata': metadata })).toMatchObject({
    dialect: 'langsmith',
    operation: 'chat',
    provider: 'openai',
    usage,
    reportedCostUsd: '0.002500000000',
  });
});

it("LangSmith: usage under OpenTelemetry's keys, with details as JSON", () => {
  const attributes = {
    'gen_ai.usage.input_tokens': 1000,
    'gen_ai.usage.output_tokens': 100,
    'gen_ai.usage.input_token_details': { cache_read: 800, cache_creation: 50 },
    'gen_ai.usage.output_token_details': { reasoning: 40 },
  };
  expect(readSpan({ ...SPAN, ...attributes })?.usage).toMatchObject(usage);
});

it.each(['chain', 'tool', 'retriever', 'prompt'])('LangSmith: a %s is no call, though it may repeat usage', (kind) => {
  expect(readSpan({ ...SPAN, 'langsmith.span.kind': kind, 'gen_ai.operation.name': 'chat' })).toBeNull();
});

it('LangSmith: model and provider may stand in the metadata, which is kept', () => {
  const metadata = {
    'langsmith.metadata.ls_provider': 'google_genai',
    'langsmith.metadata.ls_model_name': 'gemini-2.5-pro',
  };
  expect(readSpan({ 'langsmith.span.kind': 'llm', ...metadata })).toMatchObject({
    provider: 'gcp.gemini',
    requestModel: 'gemini-2.5-pro',
  });
  expect(keptKeys(contract())('langsmith.metadata.customerOf')).toBe(true);
});
