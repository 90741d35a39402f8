import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

testRule('conflicting', {
  valid: {
    'two stations disagree, which is a rewrite': {
      spans: trace()
        .station('web', clean)
        .station('agent', { ...clean, tenant: 'globex' })
        .call('gpt-4o').spans,
    },
    'some spans of a station are not stamped': { spans: trace().station('web', clean).inside().call('gpt-4o').spans },
  },
  invalid: {
    'the call itself then shows nothing': {
      spans: trace()
        .station('web', clean)
        .inside({ ...clean, tenant: 'globex' })
        .station('agent', { feature: 'chat', policy: 'pro-monthly' })
        .call('gpt-4o').spans,
      findings: [{ attribute: 'tenant', spanId: '0000000000000002' }],
      verdict: 'unattributed',
    },
    'two spans of one station disagree': {
      spans: trace()
        .station('web', clean)
        .station('agent', clean)
        .inside({ ...clean, tenant: 'globex' })
        .call('gpt-4o').spans,
      findings: [
        {
          attribute: 'tenant',
          hop: null,
          spanId: '0000000000000003',
          message: "agent shows 'acme' and 'globex' as tenant on the way to one call.",
        },
      ],
      verdict: 'attributed',
    },
  },
});
