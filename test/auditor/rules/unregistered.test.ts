import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

const contract = {
  attributes: { tenant: { values: { pattern: '^[a-z0-9-]+$' } }, feature: { values: ['chat', 'search'] } },
};

testRule('unregistered', {
  valid: {
    'the value matches the pattern, or is on the list': {
      spans: trace().station('web', clean).call('gpt-4o').spans,
      contract,
    },
    'the contract names no values': {
      spans: trace()
        .station('web', { ...clean, tenant: 'Anything' })
        .call('gpt-4o').spans,
    },
    'a placeholder is reported as that': {
      spans: trace()
        .station('web', { ...clean, feature: 'none' })
        .call('gpt-4o').spans,
      contract,
    },
  },
  invalid: {
    'the value does not match the pattern': {
      spans: trace()
        .station('web', { ...clean, tenant: 'Acme' })
        .call('gpt-4o').spans,
      contract,
      findings: [{ attribute: 'tenant', message: 'web shows tenant as "Acme", which the contract does not allow.' }],
      verdict: 'unattributed',
    },
    'the value looks like one on the list': {
      spans: trace()
        .station('web', { ...clean, feature: 'Сhat' })
        .call('gpt-4o').spans,
      contract,
      findings: [
        {
          attribute: 'feature',
          message: String.raw`web shows feature as "\u{421}hat", which looks like 'chat' and is not: the contract does not allow it.`,
        },
      ],
      verdict: 'unattributed',
    },
    'the value is not on the list': {
      spans: trace()
        .station('web', { ...clean, feature: 'mail' })
        .call('gpt-4o').spans,
      contract,
      findings: [{ attribute: 'feature' }],
      verdict: 'unattributed',
    },
  },
});
