import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

const { tenant: _, ...noTenant } = clean;

testRule('dropped', {
  valid: {
    'a station between hides it': {
      spans: trace().station('web', clean).station('agent').station('litellm', clean).call('gpt-4o').spans,
    },
    'no station ever had it': { spans: trace().station('web', noTenant).call('gpt-4o').spans },
    'another branch lost it': {
      spans: (() => {
        const web = trace().station('web', clean);
        web.station('mailer');
        return web.station('agent', clean).call('gpt-4o').spans;
      })(),
    },
    'the contract does not require it': {
      spans: trace().station('web', clean).station('agent', noTenant).call('gpt-4o').spans,
      contract: { attributes: { tenant: { required: false } } },
    },
  },
  invalid: {
    'lost at the last hop': {
      spans: trace().station('web', clean).station('agent', clean).station('litellm', noTenant).call('gpt-4o').spans,
      findings: [
        {
          attribute: 'tenant',
          hop: { from: 'agent', to: 'litellm' },
          message: "tenant was 'acme' at agent and is gone at litellm.",
          fix: 'Propagate baggage from agent to litellm, or have litellm stamp it.',
          spanId: '0000000000000003',
        },
      ],
      verdict: 'unattributed',
    },
    'everything is lost at the first hop': {
      spans: trace().station('web', clean).station('agent').station('litellm').call('gpt-4o').spans,
      findings: ['tenant', 'feature', 'policy'].map((attribute) => ({ attribute, hop: { from: 'web', to: 'agent' } })),
      verdict: 'unattributed',
    },
  },
});
