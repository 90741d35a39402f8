import { expect } from 'vitest';
import { testRule } from '../../support/rule-tester.js';
import { SECRET, signed } from '../../support/signature.js';
import { clean, trace } from '../../support/trace.js';

const { tenant: _, ...noTenant } = clean;
const signedAttributes = [
  'tenant.id',
  'acme',
  'feature.id',
  'chat',
  'budget.policy.id',
  'pro-monthly',
  'attribution.signature',
];
const services = { web: { role: 'entry' as const }, litellm: { role: 'gateway' as const, enforces: true } };

testRule('late', {
  valid: {
    'there from the start': {
      spans: trace().station('web', clean).station('litellm', clean).call('gpt-4o').spans,
      contract: { services },
    },
    'never there': { spans: trace().station('web', noTenant).call('gpt-4o').spans },
  },
  invalid: {
    'first seen behind the origin': {
      spans: trace().station('web', noTenant).station('litellm', clean).call('gpt-4o').spans,
      findings: [
        {
          attribute: 'tenant',
          severity: 'warning',
          hop: { from: 'web', to: 'litellm' },
          spanId: '0000000000000002',
          message: 'tenant is absent at the origin web and first seen at litellm.',
        },
      ],
      verdict: 'attributed',
    },
    'bound in time by a station that the contract trusts': {
      spans: trace().station('web', noTenant).station('litellm', clean).call('gpt-4o').spans,
      contract: { services: { ...services, litellm: { ...services.litellm, binds: ['tenant'] } } },
      findings: [{ attribute: 'tenant', severity: 'warning' }],
      verdict: 'enforceable',
    },
    'signed where it is first seen': {
      spans: trace()
        .station('web', noTenant)
        .station('litellm', clean, { attributes: [...signedAttributes, signed()] })
        .call('gpt-4o').spans,
      contract: { services, signing: { keys: [{ id: 'k1', algorithm: 'HS256', secret: SECRET }] } },
      findings: [{ attribute: 'tenant', severity: 'warning' }],
      verdict: 'enforceable',
    },
    'first seen behind the enforcement point': {
      spans: trace().station('web', noTenant).station('litellm', noTenant).station('pool', clean).call('gpt-4o').spans,
      contract: { services: { ...services, pool: { binds: ['tenant'] } } },
      findings: [
        {
          attribute: 'tenant',
          severity: 'error',
          hop: { from: 'litellm', to: 'pool' },
          message: 'tenant is absent at the origin web and first seen at pool, behind the enforcement point litellm.',
        },
      ],
      verdict: 'attributed',
    },
    'bound on a way that crosses no enforcement point': {
      spans: trace().station('web', noTenant).station('pool', clean).call('gpt-4o').spans,
      contract: { services: { ...services, pool: { binds: ['tenant'] } } },
      findings: [{ attribute: 'tenant', severity: 'warning', message: expect.stringMatching(/at pool[.]$/) }],
      verdict: 'attributed',
    },
  },
});
