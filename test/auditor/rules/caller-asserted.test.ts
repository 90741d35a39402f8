import { testRule } from '../../support/rule-tester.js';
import { SECRET } from '../../support/signature.js';
import { clean, trace } from '../../support/trace.js';

const contract = { services: { web: { role: 'entry' as const }, litellm: { binds: ['tenant' as const] } } };

testRule('caller-asserted', {
  valid: {
    'a trusted station shows the value': {
      spans: trace().station('web', clean).station('litellm', clean).call('gpt-4o').spans,
      contract,
    },
    'the contract trusts nobody to bind it': { spans: trace().station('web', clean).call('gpt-4o').spans },
    'there is no tenant to vouch for': { spans: trace().station('web').call('gpt-4o').spans, contract },
  },
  invalid: {
    'the route passes no trusted station': {
      spans: trace().station('web', clean).call('gpt-4o').spans,
      contract,
      findings: [
        {
          attribute: 'tenant',
          severity: 'warning',
          message: "The tenant 'acme' is only claimed: litellm would have to vouch for it.",
        },
      ],
      verdict: 'enforceable',
    },
    'nobody has signed it': {
      spans: trace().station('web', clean).call('gpt-4o').spans,
      contract: { ...contract, signing: { keys: [{ id: 'k1', algorithm: 'HS256', secret: SECRET }] } },
      findings: [{ message: "The tenant 'acme' is only claimed: litellm or a signature would have to vouch for it." }],
      verdict: 'enforceable',
    },
    'the trusted station showed another value': {
      spans: trace()
        .station('litellm', { ...clean, tenant: 'globex' })
        .station('web', clean)
        .call('gpt-4o').spans,
      contract: { services: { litellm: { role: 'entry', binds: ['tenant'] } } },
      findings: [{ attribute: 'tenant' }],
      verdict: 'attributed',
    },
  },
});
