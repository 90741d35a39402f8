import { expect } from 'vitest';
import { recordSpan } from '../../../auditor/payloads/record-span.js';
import { contract } from '../../support/contract.js';
import { gatewayRecord } from '../../support/record.js';
import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

const place = trace().station('web', clean).call('gpt-4o');
const [server] = place.spans;

/** The record carries the attributes under their own keys, so that nothing else is wrong. */
const record = gatewayRecord({
  vouched: ['tenant.id', 'acme', 'feature.id', 'chat', 'budget.policy.id', 'pro-monthly'],
});
const placed = (by: 'time-model-tokens' | 'response-id' | 'own') => [
  ...place.spans,
  recordSpan(record, { traceId: server?.traceId ?? '', parentSpanId: place.spanId, by }, contract()),
];

testRule('guessed-join', {
  valid: {
    'the record has the id of the response': { spans: placed('response-id') },
    'the record names trace and span': { spans: placed('own') },
    'there is no record': { spans: place.spans },
  },
  invalid: {
    'only time, model and tokens fit, at a gateway that sends spans too': {
      spans: (() => {
        const gateway = trace().station('web', clean).station('litellm', clean).call('gpt-4o');
        const at = { traceId: server?.traceId ?? '', parentSpanId: gateway.spanId, by: 'time-model-tokens' as const };
        return [...gateway.spans, recordSpan(record, at, contract())];
      })(),
      findings: [{ message: expect.stringMatching(/^The record of litellm has no id/) }],
      verdict: 'attributed',
    },
    'only time, model and tokens fit': {
      spans: placed('time-model-tokens'),
      findings: [
        {
          message: 'The record of litellm has no id in common with the call: only time, model and token counts fit.',
        },
      ],
      verdict: 'attributed',
    },
  },
});
