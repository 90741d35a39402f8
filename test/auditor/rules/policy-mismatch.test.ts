import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

const policies = [{ id: 'pro-monthly', match: { tenant: ['acme', 'glob*'], feature: 'chat' } }];

testRule('policy-mismatch', {
  valid: {
    'the policy covers the call': { spans: trace().station('web', clean).call('gpt-4o').spans, contract: { policies } },
    'a wildcard covers it': {
      spans: trace()
        .station('web', { ...clean, tenant: 'globex' })
        .call('gpt-4o').spans,
      contract: { policies },
    },
    'the tenant is absent, which is another fault': {
      spans: trace().station('web', { feature: 'chat', policy: 'pro-monthly' }).call('gpt-4o').spans,
      contract: { policies },
    },
    'the tenant is a placeholder, which is another fault': {
      spans: trace()
        .station('web', { ...clean, tenant: 'unknown' })
        .call('gpt-4o').spans,
      contract: { policies },
    },
    'the policy is not known, which is another fault': {
      spans: trace()
        .station('web', { ...clean, policy: 'gold' })
        .call('gpt-4o').spans,
      contract: { policies },
    },
  },
  invalid: {
    'the tenant is not covered': {
      spans: trace()
        .station('web', { ...clean, tenant: 'initech' })
        .call('gpt-4o').spans,
      contract: { policies },
      findings: [{ message: "The policy 'pro-monthly' does not cover tenant 'initech' with feature 'chat'." }],
      verdict: 'attributed',
    },
    'the feature is not covered, and the policy does not ask for the tenant': {
      spans: trace()
        .station('web', { ...clean, tenant: 'unknown', feature: 'search' })
        .call('gpt-4o').spans,
      contract: { policies: [{ id: 'pro-monthly', match: { feature: 'chat' } }] },
      findings: [{ message: "The policy 'pro-monthly' does not cover tenant 'unknown' with feature 'search'." }],
      verdict: 'unattributed',
    },
    'the feature is not covered': {
      spans: trace()
        .station('web', { ...clean, feature: 'search' })
        .call('gpt-4o').spans,
      contract: { policies },
      findings: [{ attribute: 'policy' }],
      verdict: 'attributed',
    },
  },
});
