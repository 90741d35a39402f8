import { describe, expect, it } from 'vitest';
import { auditTrace } from '../../../auditor/audit.js';
import type { Place } from '../../support/trace.js';
import { clean, trace } from '../../support/trace.js';
import { contract } from '../../support/contract.js';

const { tenant: _, ...noTenant } = clean;

/** How the tenant fared, and where. */
function tenantOf(place: Place) {
  const { outcome, value, hop } = auditTrace(place.spans, contract()).calls.at(-1)?.attributes['tenant'] ?? {};
  return { outcome, value, hop: hop === null || hop === undefined ? null : `${hop.from} → ${hop.to}` };
}

describe('outcome of an attribute', () => {
  it('is intact when every station shows the same value', () => {
    const place = trace().station('web', clean).station('agent', clean).station('litellm', clean).call('gpt-4o');
    expect(tenantOf(place)).toEqual({ outcome: 'intact', value: 'acme', hop: null });
  });

  it('is intact when only one span of each station carries it', () => {
    const place = trace().station('web', clean).inside().station('agent').inside(clean).inside().call('gpt-4o');
    expect(tenantOf(place)).toEqual({ outcome: 'intact', value: 'acme', hop: null });
  });

  it('is missing when no station has it', () => {
    const place = trace().station('web', noTenant).station('agent', noTenant).call('gpt-4o');
    expect(tenantOf(place)).toEqual({ outcome: 'missing', value: null, hop: null });
  });

  it('is dropped at the hop behind the last station that has it', () => {
    const place = trace().station('web', clean).station('agent', clean).station('litellm', noTenant).call('gpt-4o');
    expect(tenantOf(place)).toEqual({ outcome: 'dropped', value: null, hop: 'agent → litellm' });
  });

  it('is dropped at the last loss when it came and went twice', () => {
    const place = trace()
      .station('web', clean)
      .station('agent', noTenant)
      .station('router', clean)
      .station('litellm', noTenant)
      .call('gpt-4o');
    expect(tenantOf(place)).toEqual({ outcome: 'dropped', value: null, hop: 'router → litellm' });
  });

  it('is late when it is absent at the origin', () => {
    const place = trace().station('web', noTenant).station('agent', clean).call('gpt-4o');
    expect(tenantOf(place)).toEqual({ outcome: 'late', value: 'acme', hop: 'web → agent' });
  });

  it('is unreported when a station between hides it', () => {
    const place = trace().station('web', clean).station('agent', noTenant).station('litellm', clean).call('gpt-4o');
    expect(tenantOf(place)).toEqual({ outcome: 'unreported', value: 'acme', hop: 'web → agent' });
  });

  it('is rewritten when two stations disagree, at the hop into the second', () => {
    const place = trace()
      .station('web', clean)
      .station('agent', noTenant)
      .station('litellm', { ...clean, tenant: 'pool' })
      .call('gpt-4o');
    expect(tenantOf(place)).toEqual({ outcome: 'rewritten', value: 'pool', hop: 'agent → litellm' });
  });

  it('is conflicting when one station shows two values, even where others disagree too', () => {
    const place = trace()
      .station('web', clean)
      .station('agent', { ...clean, tenant: 'globex' })
      .inside({ tenant: 'pool' })
      .call('gpt-4o');
    expect(tenantOf(place)).toEqual({ outcome: 'conflicting', value: 'pool', hop: null });
  });

  it('is told with what origin, enforcement point and the span of the call show', () => {
    const { spans } = trace()
      .station('web', clean)
      .station('litellm', { ...clean, tenant: 'pool' })
      .station('provider', { ...clean, tenant: 'globex' })
      .call('gpt-4o', undefined, { tenant: 'globex' });
    const shown = { originValue: 'acme', callSpanValue: 'globex', value: 'globex' };
    const tenant = (file: Parameters<typeof contract>[0]) =>
      auditTrace(spans, contract(file)).calls[0]?.attributes['tenant'];
    expect(tenant({})).toMatchObject({ ...shown, enforcementValue: 'globex' });
    expect(tenant({ services: { litellm: { enforces: true } } })).toMatchObject({ ...shown, enforcementValue: 'pool' });
    expect(tenant({ services: { other: { enforces: true } } })).toMatchObject({ ...shown, enforcementValue: null });
  });

  it('reads the first of a key, and the first of several aliases', () => {
    const file = contract({ attributes: { tenant: { key: 'tenant.id', aliases: ['customer.id', 'org.id'] } } });
    const valueOf = (...attributes: readonly string[]) =>
      auditTrace(trace().station('web', {}, { attributes }).call('gpt-4o').spans, file).calls[0]?.attributes['tenant']
        ?.value;
    expect(valueOf('tenant.id', 'a', 'tenant.id', 'b')).toBe('a');
    expect(valueOf('tenant.id', 'a', 'customer.id', 'b')).toBe('a');
    expect(valueOf('customer.id', 'b', 'org.id', 'c')).toBe('b');
    expect(valueOf('org.id', 'c', 'customer.id', 'b')).toBe('b');
    expect(valueOf('org.id', 'c', 'customer.id', 'b', 'tenant.id', 'a')).toBe('a');
  });

  it('reads an alias, and prefers the key to it', () => {
    const aliased = contract({ attributes: { tenant: { key: 'tenant.id', aliases: ['customer.id'] } } });
    const spans = trace()
      .station('web', {}, { attributes: ['customer.id', 'b', 'tenant.id', 'a'] })
      .call('gpt-4o').spans;
    expect(auditTrace(spans, aliased).calls[0]?.attributes['tenant']?.value).toBe('a');
    const only = trace()
      .station('web', {}, { attributes: ['customer.id', 'b'] })
      .call('gpt-4o').spans;
    expect(auditTrace(only, aliased).calls[0]?.attributes['tenant']?.value).toBe('b');
  });
});

describe('stations', () => {
  it('begin where the service changes, or where the parent is remote', () => {
    const same = trace().station('web', clean).inside().inside().call('gpt-4o');
    expect(auditTrace(same.spans, contract()).calls[0]?.route).toEqual(['web']);
    const twice = trace().station('agent', clean).station('agent', clean).call('gpt-4o');
    expect(auditTrace(twice.spans, contract()).calls[0]?.route).toEqual(['agent', 'agent']);
  });

  it('do not begin at a span whose remote flag is not meaningful', () => {
    const place = trace().station('web', clean).inside({}, { flags: 0x201 }).call('gpt-4o');
    expect(auditTrace(place.spans, contract()).calls[0]?.route).toEqual(['web']);
  });

  it('leave out the branches that do not lead to the call', () => {
    const web = trace().station('web', clean);
    web.station('billing', { tenant: 'other' });
    const place = web.station('agent', clean).call('gpt-4o');
    expect(tenantOf(place).outcome).toBe('intact');
  });
});
