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
    'links to work of one tenant, and to a span that is not here': {
      spans: trace()
        .station('web', clean, { links: [link('acme', 1), { ...link('', 99), attributes: [] }] })
        .call('gpt-4o').spans,
    },
    'links to work of one tenant, and to a span of nobody': {
      spans: trace()
        .station('web', {}, { links: [link('acme', 1), { ...link('', 1), attributes: [] }] })
        .call('gpt-4o', undefined, clean).spans,
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
        .station('web', clean)
        .station('batcher', clean, { links: [link('acme', 1), link('globex', 2)] })
        .call('gpt-4o').spans,
      findings: [
        {
          attribute: 'tenant',
          spanId: '0000000000000002',
          message: "The call links to work of 'acme', 'globex'.",
        },
      ],
      verdict: 'attributed',
    },
    'links that name the tenants under an alias': {
      spans: trace()
        .station('batcher', clean, {
          links: ['acme', 'globex'].map((tenant, i) => ({ ...link('', i), attributes: ['customer.id', tenant] })),
        })
        .call('gpt-4o').spans,
      contract: { attributes: { tenant: { aliases: ['org.id', 'customer.id'] } } },
      findings: [{ message: "The call links to work of 'acme', 'globex'." }],
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
