import { expect, it } from 'vitest';
import { keptKeys } from '../../../auditor/dialects/kept-keys.js';
import { contract } from '../../support/contract.js';
import { readSpan } from '../../support/read-span.js';

/** After the gateway's own attribute list. */
const SPAN = {
  'langwatch.gateway_request_id': 'req_1',
  'langwatch.virtual_key_id': 'vk_1',
  'langwatch.organization_id': 'org_1',
  'langwatch.provider': 'openai',
  'langwatch.model': 'openai/gpt-4o',
  'langwatch.streaming': true,
  'langwatch.cost_usd': 0.0025,
  'langwatch.budget.decision': 'allow',
};

it('LangWatch: the gateway names the model behind its provider, and its own cost', () => {
  const read = readSpan({
    ...SPAN,
    'gen_ai.request.model': 'openai/gpt-4o',
    'gen_ai.response.model': 'gpt-4o-2024-08-06',
  });
  expect(read).toMatchObject({
    dialect: 'langwatch-gateway',
    operation: 'chat',
    provider: 'openai',
    requestModel: 'gpt-4o',
    responseModel: 'gpt-4o-2024-08-06',
    stream: true,
    reportedCostUsd: '0.002500000000',
  });
});

it('LangWatch: usage is read from keys of today and of old', () => {
  const usage = { inputTokens: 1000, outputTokens: 100, cacheReadTokens: 800, cacheWriteTokens: 50 };
  const old = {
    'langwatch.usage.input_tokens': 1000,
    'langwatch.usage.output_tokens': 100,
    'langwatch.usage.cache_read_tokens': 800,
    'langwatch.usage.cache_write_tokens': 50,
  };
  const today = {
    'gen_ai.usage.input_tokens': 1000,
    'gen_ai.usage.output_tokens': 100,
    'gen_ai.usage.cache_read.input_tokens': 800,
    'gen_ai.usage.cache_creation.input_tokens': 50,
  };
  expect(readSpan({ ...SPAN, ...old })?.usage).toMatchObject(usage);
  expect(readSpan({ ...SPAN, ...today })?.usage).toMatchObject(usage);
});

it('LangWatch: who pays is kept', () => {
  const isKept = keptKeys(contract());
  const names = ['virtual_key_id', 'project_id', 'team_id', 'organization_id', 'principal_id', 'budget.decision'];
  expect(names.filter((name) => !isKept(`langwatch.${name}`))).toEqual([]);
});
