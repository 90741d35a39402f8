import { describe, expect, it } from 'vitest';
import { attributionInCarrier, carrierHeaders, gateways } from '../../instrumentation/carriers.js';

const ACME = { tenant: 'acme', feature: 'chat', policy: 'pro', user: 'u-1' };

describe('attribution in the headers that gateways read', () => {
  it.each(gateways)('%s: what is written can be read back, in headers of any case', (gateway) => {
    const headers = carrierHeaders(gateway, ACME);
    expect(attributionInCarrier(gateway, headers)).toEqual(ACME);
    const upper = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), [value]]));
    expect(attributionInCarrier(gateway, upper)).toEqual(ACME);
    expect(carrierHeaders(gateway, {})).toEqual({});
  });

  it('stands where each looks', () => {
    expect(carrierHeaders('litellm', { tenant: 'acme', user: 'u-1' })).toEqual({
      'x-litellm-customer-id': 'acme',
      'x-litellm-end-user-id': 'u-1',
      'x-litellm-spend-logs-metadata': '{"tenant.id":"acme","user.id":"u-1"}',
    });
    expect(carrierHeaders('portkey', { user: 'u-1' })).toEqual({ 'x-portkey-metadata': '{"_user":"u-1"}' });
  });

  it('keeps what the application wrote, and the limit of five', () => {
    const present = { 'CF-AIG-Metadata': '{"a":1,"b":2,"tenant.id":"own"}' };
    expect(carrierHeaders('cloudflare', ACME, present)).toEqual({
      'cf-aig-metadata': '{"a":1,"b":2,"tenant.id":"own","feature.id":"chat","budget.policy.id":"pro"}',
    });
    expect(carrierHeaders('cloudflare', ACME, { 'cf-aig-metadata': 'not json' })).toEqual({});
    expect(
      carrierHeaders('langwatch', { tenant: 'acme' }, { 'x-langwatch-metadata': `{"a":"${'x'.repeat(4_080)}"}` }),
    ).toEqual({});
  });

  it('writes nothing that a header cannot hold', () => {
    const headers = carrierHeaders('litellm', { tenant: 'zürich 🚂' });
    expect(Object.values(headers).join('')).toMatch(/^[\x20-\x7e]+$/);
    expect(new Headers(headers).get('x-litellm-customer-id')).toBeNull();
    expect(attributionInCarrier('litellm', headers)).toEqual({ tenant: 'zürich 🚂' });
  });

  it('reads nothing out of nonsense', () => {
    for (const json of ['', '[]', 'null', '{', '{"__proto__":{"tenant.id":"x"}}', '{"tenant.id":7}']) {
      expect(attributionInCarrier('portkey', { 'x-portkey-metadata': json })).toEqual({});
    }
  });
});
