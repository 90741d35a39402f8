import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

const pool = { ...clean, tenant: 'shared-pool' };

testRule('rewritten', {
  valid: {
    'the same value all the way': { spans: trace().station('web', clean).station('agent', clean).call('gpt-4o').spans },
    'two values at one station, which is a conflict': {
      spans: trace().station('web', clean).inside(pool).call('gpt-4o').spans,
    },
  },
  invalid: {
    'a gateway puts its own tenant': {
      spans: trace().station('web', clean).station('litellm', pool).call('gpt-4o').spans,
      findings: [
        {
          attribute: 'tenant',
          hop: { from: 'web', to: 'litellm' },
          message: "tenant was 'acme' up to web and is 'shared-pool' at litellm.",
        },
      ],
      verdict: 'attributed',
    },
    'rewritten, then lost: nothing is left to attribute': {
      spans: trace().station('web', clean).station('agent', pool).station('litellm').call('gpt-4o').spans,
      findings: [{ attribute: 'tenant', hop: { from: 'web', to: 'agent' } }],
      verdict: 'unattributed',
    },
    'a station between hides it': {
      spans: trace()
        .station('web', clean)
        .station('agent', { feature: 'chat', policy: 'pro-monthly' })
        .station('litellm', pool)
        .call('gpt-4o').spans,
      findings: [
        {
          hop: { from: 'agent', to: 'litellm' },
          spanId: '0000000000000003',
          message: "tenant was 'acme' up to agent and is 'shared-pool' at litellm.",
        },
      ],
      verdict: 'attributed',
    },
    'case counts': {
      spans: trace()
        .station('web', clean)
        .station('agent', { ...clean, tenant: 'Acme' })
        .call('gpt-4o').spans,
      findings: [{ attribute: 'tenant' }],
      verdict: 'attributed',
    },
  },
});
