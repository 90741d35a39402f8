import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

const placeholders = [
  '',
  'unknown',
  'Default',
  'ANONYMOUS',
  'none',
  'null',
  'undefined',
  'N/A',
  'test',
  '-',
  '0',
  ' none ',
];

testRule('placeholder', {
  valid: {
    'a value that only contains such a word': {
      spans: trace()
        .station('web', { ...clean, tenant: 'test-kitchen' })
        .call('gpt-4o').spans,
    },
    'a user may be called anything': {
      spans: trace()
        .station('web', { ...clean, user: 'test' })
        .call('gpt-4o').spans,
    },
  },
  invalid: {
    ...Object.fromEntries(
      placeholders.map((tenant) => [
        `the tenant is '${tenant}'`,
        {
          spans: trace()
            .station('web', { ...clean, tenant })
            .call('gpt-4o').spans,
          findings: [{ attribute: 'tenant', severity: 'error' as const }],
          verdict: 'unattributed' as const,
        },
      ]),
    ),
    'only the origin shows it, so the call is attributed all the same': {
      spans: trace()
        .station('web', { ...clean, tenant: 'unknown' })
        .station('agent', clean)
        .call('gpt-4o').spans,
      findings: [{ attribute: 'tenant', hop: null }],
      verdict: 'attributed',
    },
    'a station further on shows it, on its second span': {
      spans: trace()
        .station('web', clean)
        .station('agent', { feature: 'chat', policy: 'pro-monthly' })
        .inside({ ...clean, tenant: 'unknown' })
        .call('gpt-4o').spans,
      findings: [{ attribute: 'tenant', hop: { from: 'web', to: 'agent' }, spanId: '0000000000000003' }],
      verdict: 'unattributed',
    },
    'two stations show the same one, which is said once': {
      spans: trace()
        .station('web', { ...clean, tenant: 'none' })
        .station('agent', clean)
        .station('litellm', { ...clean, tenant: 'none' })
        .call('gpt-4o').spans,
      findings: [{ attribute: 'tenant', hop: null, message: 'web shows tenant as "none", which names nobody.' }],
      verdict: 'unattributed',
    },
  },
});
