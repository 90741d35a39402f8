import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

const { tenant: _, ...noTenant } = clean;

testRule('missing', {
  valid: {
    'every station carries the attribute': { spans: trace().station('web', clean).call('gpt-4o').spans },
    'one station alone carries it': { spans: trace().station('web', clean).station('agent').call('gpt-4o').spans },
    'the contract does not require it': {
      spans: trace().station('web', noTenant).call('gpt-4o').spans,
      contract: { attributes: { tenant: { required: false } } },
    },
    'an empty value is there, which is another fault': {
      spans: trace()
        .station('web', { ...clean, tenant: '' })
        .call('gpt-4o').spans,
    },
  },
  invalid: {
    'no station carries it': {
      spans: trace().station('web', noTenant).station('agent', noTenant).call('gpt-4o').spans,
      findings: [{ attribute: 'tenant', severity: 'error', hop: null }],
      verdict: 'unattributed',
    },
    'nothing is carried at all': {
      spans: trace().station('web').call('gpt-4o').spans,
      findings: [{ attribute: 'tenant' }, { attribute: 'feature' }, { attribute: 'policy' }],
      verdict: 'unattributed',
    },
  },
});
