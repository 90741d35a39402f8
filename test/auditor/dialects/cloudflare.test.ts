import { expect, it } from 'vitest';
import { readSpan } from '../../support/read-span.js';

const SPAN = {
  'gen_ai.request.model': 'gpt-4o',
  'gen_ai.model.provider': 'openai',
  'gen_ai.usage.input_tokens': 1000,
  'gen_ai.usage.output_tokens': 100,
  'gen_ai.usage.cost': 0.0035,
  'tenant.id': 'acme',
};

it('Cloudflare: a call without an operation is a chat, with the provider under a key of its own', () => {
  expect(readSpan(SPAN)).toMatchObject({
    dialect: 'cloudflare',
    operation: 'chat',
    provider: 'openai',
    requestModel: 'gpt-4o',
    usage: { inputTokens: 1000, outputTokens: 100, cacheReadTokens: 0 },
    reportedCostUsd: '0.003500000000',
  });
});

it.each([
  ['google-ai-studio', 'gcp.gemini'],
  ['aws-bedrock', 'aws.bedrock'],
  ['azure-openai', 'azure.ai.openai'],
  ['grok', 'x_ai'],
  ['anthropic', 'anthropic'],
])('Cloudflare: the provider %s is %s', (said, name) => {
  expect(readSpan({ ...SPAN, 'gen_ai.model.provider': said })?.provider).toBe(name);
});
