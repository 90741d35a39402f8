import { testRule } from '../../support/rule-tester.js';
import { clean, trace } from '../../support/trace.js';

const sentBy = (allowed: string, tenant = 'acme') =>
  trace()
    .station(
      'web',
      {},
      {
        attributes: [
          'tenant.id',
          tenant,
          'feature.id',
          'chat',
          'budget.policy.id',
          'pro',
          'waybill.credential.tenants',
          allowed,
        ],
      },
    )
    .call('gpt-4o', undefined, { ...clean, tenant, policy: 'pro' }).spans;

testRule('unauthorized-tenant', {
  valid: {
    'the credential may speak for it': { spans: sentBy('globex,acme') },
    'it may speak for any that begins so': { spans: sentBy('ac*') },
    'it may speak for all': { spans: sentBy('*') },
    'the span says no tenant': {
      spans: trace()
        .station('web', {}, { attributes: ['waybill.credential.tenants', 'globex'] })
        .call('gpt-4o', undefined, clean).spans,
    },
    'nothing is known of the credential': { spans: trace().station('web', clean).call('gpt-4o').spans },
  },
  invalid: {
    'it may speak for others only': {
      spans: sentBy('globex'),
      findings: [
        {
          attribute: 'tenant',
          message: "web speaks for tenant 'acme' with a credential that may only speak for globex.",
        },
      ],
      verdict: 'attributed',
    },
    ...Object.fromEntries(
      [
        ['Acme', '"Acme"'],
        ['аcme', String.raw`"\u{430}cme"`],
        ['ａｃｍｅ', String.raw`"\u{ff41}\u{ff43}\u{ff4d}\u{ff45}"`],
        ['Αcme', String.raw`"\u{391}cme"`],
      ].map(([tenant = '', shown]) => [
        `another spelling is another tenant: ${shown}`,
        {
          spans: sentBy('acme', tenant),
          findings: [
            {
              message: `web speaks for tenant ${shown}, which looks like 'acme' and is not, with a credential that may only speak for acme.`,
            },
          ],
          verdict: 'attributed' as const,
        },
      ]),
    ),
  },
});
