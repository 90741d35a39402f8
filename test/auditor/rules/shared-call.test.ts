import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

const link = (tenant: string, n: number) => ({
  traceId: 'a'.repeat(32),
  spanId: String(n).padStart(16, '0'),
  attributes: ['tenant.id', tenant],
});

testRule('shared-call', {
  valid: {
    'no links': { spans: trace().station('web', clean).call('gpt-4o').spans },
    'links to work of one tenant': {
      spans: trace()
        .station('web', clean, { links: [link('acme', 1), link('acme', 2)] })
        .call('gpt-4o').spans,
    },
    'links that name nobody': {
      spans: trace()
        .station('web', clean, { links: [{ ...link('', 1), attributes: [] }] })
        .call('gpt-4o').spans,
    },
  },
  invalid: {
    'a batch of two tenants': {
      spans: trace()
        .station('batcher', clean, { links: [link('acme', 1), link('globex', 2)] })
        .call('gpt-4o').spans,
      findings: [{ attribute: 'tenant', message: "The call links to work of 'acme', 'globex'." }],
      verdict: 'attributed',
    },
    'links within the trace, to spans that carry the tenants': {
      spans: (() => {
        const web = trace().station('web', clean);
        const one = web.inside({ tenant: 'acme' });
        const two = web.inside({ tenant: 'globex' });
        const links = [one, two].map(({ spanId }) => ({ traceId: '1'.padStart(32, '0'), spanId, attributes: [] }));
        return web.station('batcher', clean, { links }).call('gpt-4o').spans;
      })(),
      findings: [{}],
      verdict: 'attributed',
    },
  },
});
