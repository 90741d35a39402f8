import { describe, expect, it } from 'vitest';
import { isContentKey } from '../../../auditor/dialects/content-keys.js';
import { keptKeys } from '../../../auditor/dialects/kept-keys.js';
import { factKeys } from '../../../auditor/dialects/places.js';
import { contract } from '../../support/contract.js';

const isKept = keptKeys(contract({ attributes: { tenant: { aliases: ['mandant', 'gen_ai.prompt'] } } }));

describe('an attribute key', () => {
  it.each([
    'tenant.id',
    'mandant',
    'feature.id',
    'budget.policy.id',
    'user.id',
    'enduser.id',
    'session.id',
    'gen_ai.agent.name',
    'server.address',
    'server.port',
    'url.path',
    'http.route',
    'http.request.method',
    'http.response.status_code',
    'http.target',
    'net.peer.name',
    'error.type',
    'deployment.environment.name',
    'metadata.user_api_key_team_id',
    'metadata.user_api_key_alias',
    'waybill.reservation.id',
  ])('is kept: %s', (key) => {
    expect(isKept(key)).toBe(true);
  });

  it.each([
    'tenantId',
    'TENANT',
    'x-tenant',
    'http.request.header.x-tenant-id',
    'customer_id',
    'customerName',
    'org.id',
    'organisation',
    'OrganizationID',
    'acct.team',
    'workspace_slug',
    'projectId',
    'client_id',
    'useCase',
    'use_case',
    'app.name',
    'cost_center',
    'costCentre',
    'virtual_key_id',
    'api_key_alias',
    'tags',
    'request.plan',
    'endUserId',
  ])('is kept since it looks like attribution: %s', (key) => {
    expect(isKept(key)).toBe(true);
  });

  it.each([
    'gen_ai.prompt',
    'gen_ai.prompt.0.content',
    'gen_ai.completion.0.content',
    'gen_ai.input.messages',
    'gen_ai.output.messages',
    'gen_ai.system_instructions',
    'gen_ai.tool.call.arguments',
    'gen_ai.tool.call.result',
    'llm.input_messages.0.message.content',
    'llm.output_messages',
    'input.value',
    'output.value',
    'llm.prompts',
    'ai.prompt.messages',
    'ai.response.text',
    'ai.response.object',
    'ai.response.toolCalls',
    'traceloop.entity.input',
    'traceloop.entity.output',
    'langfuse.observation.input',
    'langfuse.observation.output',
    'GEN_AI.PROMPT',
  ])('is content and never kept: %s', (key) => {
    expect(isKept(key)).toBe(false);
    expect(isContentKey(key)).toBe(true);
  });

  it.each([
    'url.full',
    'url.query',
    'http.url',
    'http.request.header.authorization',
    'http.request.header.x-user-token',
    'user.password',
    'account.secret',
    'user.email',
    'user_agent.original',
    'cloud.account.id',
    'k8s.namespace.name',
    'process.command_line',
    'feature.input',
    'team.message',
    'db.user',
    'gen_ai.usage.input_tokens',
    'happy',
    'approval',
    'planet',
    'organic',
    'steam',
    '',
    '__proto__',
  ])('is neither wanted nor safe: %s', (key) => {
    expect(isKept(key)).toBe(false);
  });

  it('that a dialect reads is never content', () => {
    expect([...factKeys.keys()].filter(isContentKey)).toEqual([]);
  });
});
