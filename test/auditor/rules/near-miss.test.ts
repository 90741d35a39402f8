import { expect, it } from 'vitest';
import { auditTrace } from '../../../auditor/audit.js';
import { contract } from '../../support/contract.js';
import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

const { tenant: _, ...noTenant } = clean;
const others = ['feature.id', 'chat', 'budget.policy.id', 'pro-monthly'];
const withKey = (key: string) =>
  trace()
    .station('web', {}, { attributes: [...others, key, 'acme'] })
    .call('gpt-4o', undefined, noTenant).spans;
const optional = { attributes: { tenant: { required: false } } };

testRule('near-miss', {
  valid: {
    'the attribute is there': {
      spans: trace()
        .station('web', clean, { attributes: [...others, 'tenant.id', 'acme', 'customer_id', 'acme'] })
        .call('gpt-4o').spans,
      contract: optional,
    },
    'the key is an alias': {
      spans: withKey('customer_id'),
      contract: { attributes: { tenant: { required: false, aliases: ['customer_id'] } } },
    },
    'the key looks like something else': { spans: withKey('http.request.method'), contract: optional },
    'the attribute is missing, which the finding is attached to': { spans: withKey('tenantId') },
  },
  invalid: Object.fromEntries(
    ['tenantId', 'x-tenant', 'customer_id', 'TeamName', 'metadata.user_api_key_team_id'].map((key) => [
      `${key}, where the attribute is optional`,
      {
        spans: withKey(key),
        contract: optional,
        findings: [
          { attribute: 'tenant', severity: 'warning' as const, message: `web has '${key}', which looks like tenant.` },
        ],
        verdict: 'enforceable' as const,
      },
    ]),
  ),
});

it('explains a missing attribute in the same finding', () => {
  const [call] = auditTrace(withKey('tenantId'), contract()).calls;
  expect(call?.findings).toMatchObject([
    {
      rule: 'missing',
      attribute: 'tenant',
      related: [
        {
          rule: 'near-miss',
          fix: "Add 'tenantId' to attributes.tenant.aliases in the contract, or write tenant under 'tenant.id'.",
        },
      ],
    },
  ]);
});

it('explains a dropped attribute only by what is behind the loss', () => {
  const key = { attributes: [...others, 'x-tenant', 'acme'] };
  const behind = trace().station('web', clean).station('agent', {}, key).call('gpt-4o', undefined, noTenant).spans;
  expect(auditTrace(behind, contract()).calls[0]?.findings[0]).toMatchObject({
    rule: 'dropped',
    related: [{ rule: 'near-miss' }],
  });
  const before = trace()
    .station('web', {}, { attributes: [...key.attributes, 'tenant.id', 'acme'] })
    .station('agent', noTenant)
    .call('gpt-4o').spans;
  expect(auditTrace(before, contract()).calls[0]?.findings[0]).not.toHaveProperty('related');
});
