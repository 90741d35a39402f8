import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

const contract = {
  services: { web: { role: 'entry' as const }, litellm: { enforces: true }, pool: { binds: ['tenant' as const] } },
  policies: [{ id: 'pro-monthly', match: { tenant: 'acme' } }],
};
const { tenant: _, ...noTenant } = clean;

testRule('bound-too-late', {
  valid: {
    'known at the enforcement point': {
      spans: trace().station('web', noTenant).station('litellm', clean).call('gpt-4o').spans,
      contract,
    },
    'the route crosses no enforcement point': {
      spans: trace().station('web', noTenant).station('pool', clean).call('gpt-4o').spans,
      contract,
    },
    'no policy of the contract covers the call': {
      spans: trace()
        .station('web', noTenant)
        .station('litellm', noTenant)
        .station('pool', { ...clean, tenant: 'globex' })
        .call('gpt-4o').spans,
      contract,
    },
    'the contract does not require it': {
      spans: trace().station('web', noTenant).station('litellm', noTenant).station('pool', clean).call('gpt-4o').spans,
      contract: { ...contract, attributes: { tenant: { required: false } } },
    },
    'the policy does not need it': {
      spans: trace().station('web', noTenant).station('litellm', noTenant).station('pool', clean).call('gpt-4o').spans,
      contract: { ...contract, policies: [{ id: 'pro-monthly' }] },
    },
  },
  invalid: {
    'first known behind it': {
      spans: trace().station('web', noTenant).station('litellm', noTenant).station('pool', clean).call('gpt-4o').spans,
      contract,
      findings: [
        {
          attribute: 'tenant',
          hop: { from: 'web', to: 'litellm' },
          spanId: '0000000000000003',
          message: "The policy 'pro-monthly' needs tenant, which is first known at pool, behind litellm.",
        },
      ],
      verdict: 'attributed',
    },
    'the point is the origin, which no hop leads to': {
      spans: trace().station('web', noTenant).station('pool', clean).call('gpt-4o').spans,
      contract: { ...contract, services: { web: { enforces: true } } },
      findings: [{ attribute: 'tenant', hop: null, spanId: '0000000000000002' }],
      verdict: 'attributed',
    },
    'the policy needs the feature, and is itself named too late': {
      spans: trace()
        .station('web', { tenant: 'acme' })
        .station('litellm', { tenant: 'acme' })
        .station('pool', clean)
        .call('gpt-4o').spans,
      contract: { ...contract, policies: [{ id: 'pro-monthly', match: { feature: 'chat' } }] },
      findings: [{ attribute: 'feature' }, { attribute: 'policy' }],
      verdict: 'attributed',
    },
  },
});
