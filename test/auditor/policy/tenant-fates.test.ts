import { describe, expect, it } from 'vitest';
import { createTenantFates } from '../../../auditor/policy/tenant-fates.js';

const call = (costPico: bigint | null, misattributed = false) => ({ costPico, misattributed });
const none = { calls: 0, costUsd: '0.000000000000', unknownCost: 0 };

describe('tenants of a budget', () => {
  it('are listed by what was blocked, then by name, nobody first', () => {
    const tenants = createTenantFates();
    for (const tenant of ['d', 'b', null, 'c', 'a']) tenants.addBlock(tenant, call(tenant === 'b' ? 2n : 1n));
    tenants.addBlock('c', call(3n, true));
    const { tenants: listed, otherTenants } = tenants.result();
    expect(listed.map(({ tenant }) => tenant)).toEqual(['c', 'b', null, 'a', 'd']);
    expect(listed[0]).toEqual({
      tenant: 'c',
      blocked: { calls: 2, costUsd: '0.000000000004', unknownCost: 0 },
      falselyBlocked: { calls: 1, costUsd: '0.000000000003', unknownCost: 0 },
      missed: none,
      overshootUsd: '0.000000000000',
    });
    expect(otherTenants).toEqual({ blocked: none, falselyBlocked: none, missed: none, overshootUsd: '0.000000000000' });
  });

  it('are listed for what was missed and what went over the limit, too', () => {
    const tenants = createTenantFates();
    tenants.addBlock('a', call(2n));
    tenants.addMiss('b', 3n);
    tenants.addMiss('b', null);
    tenants.addOvershoot('c', 4n);
    expect(tenants.result().tenants).toMatchObject([
      { tenant: 'c', blocked: none, overshootUsd: '0.000000000004' },
      { tenant: 'b', blocked: none, missed: { calls: 2, costUsd: '0.000000000003', unknownCost: 1 } },
      { tenant: 'a', missed: none },
    ]);
  });

  it('that are not among the hundred are summed, unknown costs apart', () => {
    const tenants = createTenantFates();
    for (let i = 0; i < 100; i += 1) tenants.addBlock(`dear ${i}`, call(9n));
    tenants.addMiss('cheap', 1n);
    tenants.addOvershoot('cheap', 2n);
    tenants.addBlock('cheap', call(1n, true));
    tenants.addBlock('unknown', call(null));
    tenants.addBlock('cheaper', call(0n));
    const { tenants: listed, otherTenants } = tenants.result();
    expect(listed.filter(({ tenant }) => tenant?.startsWith('dear') === true)).toHaveLength(100);
    expect(otherTenants).toEqual({
      blocked: { calls: 3, costUsd: '0.000000000001', unknownCost: 1 },
      falselyBlocked: { calls: 1, costUsd: '0.000000000001', unknownCost: 0 },
      missed: { calls: 1, costUsd: '0.000000000001', unknownCost: 0 },
      overshootUsd: '0.000000000002',
    });
  });

  it('are told apart up to ten thousand: a sender may make up any number', () => {
    const tenants = createTenantFates();
    for (let i = 0; i < 10_001; i += 1) tenants.addBlock(`t${i}`, call(1n));
    tenants.addBlock('t0', call(1n));
    tenants.addBlock('t10000', call(8n));
    const { tenants: listed, otherTenants } = tenants.result();
    expect(listed[0]).toMatchObject({ tenant: 't0', blocked: { calls: 2 } });
    expect(otherTenants.blocked).toMatchObject({ calls: 10_003 - 101, costUsd: '0.000000009909' });
  });
});
