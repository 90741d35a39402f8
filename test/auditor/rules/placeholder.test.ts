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
  },
});
