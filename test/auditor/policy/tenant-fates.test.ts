import { describe, expect, it } from 'vitest';
import { createBlockedTenants } from '../../../auditor/policy/blocked-tenants.js';

const call = (costPico: bigint | null, misattributed = false) => ({ costPico, misattributed });
const none = { calls: 0, costUsd: '0.000000000000', unknownCost: 0 };

describe('blocked tenants', () => {
  it('are listed by what was blocked, then by name, nobody first', () => {
    const tenants = createBlockedTenants();
    for (const tenant of ['d', 'b', null, 'c', 'a']) tenants.add(tenant, call(tenant === 'b' ? 2n : 1n));
    tenants.add('c', call(3n, true));
    const { tenants: listed, otherTenants } = tenants.result();
    expect(listed.map(({ tenant }) => tenant)).toEqual(['c', 'b', null, 'a', 'd']);
    expect(listed[0]).toEqual({
      tenant: 'c',
      blocked: { calls: 2, costUsd: '0.000000000004', unknownCost: 0 },
      falselyBlocked: { calls: 1, costUsd: '0.000000000003', unknownCost: 0 },
    });
    expect(otherTenants).toEqual({ blocked: none, falselyBlocked: none });
  });

  it('that are not among the hundred are summed, unknown costs apart', () => {
    const tenants = createBlockedTenants();
    for (let i = 0; i < 100; i += 1) tenants.add(`dear ${i}`, call(9n));
    tenants.add('cheap', call(1n, true));
    tenants.add('unknown', call(null));
    tenants.add('cheaper', call(0n));
    const { tenants: listed, otherTenants } = tenants.result();
    expect(listed.filter(({ tenant }) => tenant?.startsWith('dear') === true)).toHaveLength(100);
    expect(otherTenants).toEqual({
      blocked: { calls: 3, costUsd: '0.000000000001', unknownCost: 1 },
      falselyBlocked: { calls: 1, costUsd: '0.000000000001', unknownCost: 0 },
    });
  });

  it('are told apart up to ten thousand: a sender may make up any number', () => {
    const tenants = createBlockedTenants();
    for (let i = 0; i < 10_001; i += 1) tenants.add(`t${i}`, call(1n));
    tenants.add('t0', call(1n));
    tenants.add('t10000', call(8n));
    const { tenants: listed, otherTenants } = tenants.result();
    expect(listed[0]).toMatchObject({ tenant: 't0', blocked: { calls: 2 } });
    expect(otherTenants.blocked).toMatchObject({ calls: 10_003 - 101, costUsd: '0.000000009909' });
  });
});
