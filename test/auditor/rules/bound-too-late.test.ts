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
    'the policy does not need it': {
      spans: trace().station('web', noTenant).station('litellm', noTenant).station('pool', clean).call('gpt-4o').spans,
      contract: { ...contract, policies: [{ id: 'pro-monthly' }] },
    },
  },
  invalid: {
    'first known behind it': {
      spans: trace().station('web', noTenant).station('litellm', noTenant).station('pool', clean).call('gpt-4o').spans,
      contract,
      findings: [{ attribute: 'tenant', hop: { from: 'web', to: 'litellm' } }],
      verdict: 'attributed',
    },
  },
});
