import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Seen, SeenKey } from '../../auditor/propose-contract.js';
import { proposeContract, VALUE_PATTERNS } from '../../auditor/propose-contract.js';
import { parseContract } from '../../collector/contract/load.js';
import { proposedYaml } from '../../collector/contract/write.js';

const key = (name: string, traces: number, values: readonly string[], change: Partial<SeenKey> = {}): SeenKey => ({
  key: name,
  traces,
  values,
  distinct: values.length,
  patterns: VALUE_PATTERNS.filter((pattern) => values.every((value) => new RegExp(pattern).test(value))),
  ...change,
});

const seen: Seen = {
  traces: 200,
  keys: [
    key('tenant.id', 150, ['acme', 'globex', 'unknown']),
    key('customerId', 50, ['initech']),
    key('feature.id', 200, ['chat']),
    key('budget.policy.id', 100, ['pro-monthly']),
    key('user.id', 200, ['u1']),
    key('http.route', 200, ['/chat']),
  ],
  routes: [
    { route: ['web', 'agent', 'litellm'], calls: 90 },
    { route: ['batch', 'litellm'], calls: 10 },
    { route: ['web'], calls: 1 },
    // Torn off above the agent.
    { route: ['agent', 'litellm'], calls: 20 },
  ],
};

describe('a proposed contract', () => {
  it('names what was seen, how often, and the roles of services', () => {
    const { attributes, services, policies } = proposeContract(seen);
    expect(attributes[0]).toEqual({
      name: 'tenant',
      key: 'tenant.id',
      share: 0.75,
      aliases: [{ key: 'customerId', share: 0.25 }],
      values: ['acme', 'globex', 'initech'],
    });
    expect(attributes.map(({ name, values }) => [name, values])).toEqual([
      ['tenant', ['acme', 'globex', 'initech']],
      ['feature', ['chat']],
      ['policy', ['pro-monthly']],
      ['user', null],
    ]);
    expect(services).toEqual([
      { name: 'litellm', role: 'gateway', calls: 120 },
      { name: 'agent', role: 'service', calls: 110 },
      { name: 'web', role: 'entry', calls: 91 },
      { name: 'batch', role: 'entry', calls: 10 },
    ]);
    expect(policies).toEqual(['pro-monthly']);
  });

  it('takes the narrowest pattern for many values, and none where they have nothing in common', () => {
    const many = Array.from({ length: 21 }, (_, i) => `org_${i}`);
    const of = (values: readonly string[]) =>
      proposeContract({ ...seen, keys: [key('tenant.id', 9, values, { distinct: 10_000 })] }).attributes[0]?.values;
    expect(of(many)).toEqual({ pattern: '^[a-z0-9_-]+$' });
    expect(of([...many, 'a b'])).toBeNull();
  });

  it('is a file that a person can read, and that holds', () => {
    const yaml = proposedYaml(proposeContract(seen), { since: '7d', traces: 200 });
    expect(yaml).toMatchInlineSnapshot(`
      "# Proposed by 'waybill contract init' from 200 traces of the last 7d. Correct what is wrong: an alias that
      # is no tenant, a service that is no gateway. Say which service blocks (enforces: true), and which reads the
      # tenant from a credential (binds: [tenant]).

      attributes:
        tenant:
          key: tenant.id # in 75 % of the traces
          aliases:
            - customerId # in 25 % of the traces
          values: [ acme, globex, initech ]
        feature:
          key: feature.id # in 100 % of the traces
          values: [ chat ]
        policy:
          key: budget.policy.id # in 50 % of the traces
          values: [ pro-monthly ]
        user:
          key: user.id # in 100 % of the traces
      services:
        litellm: { role: gateway } # 120 calls
        agent: { role: service } # 110 calls
        web: { role: entry } # 91 calls
        batch: { role: entry } # 10 calls

      # The policies that calls name. Fill in whom each covers, and what it allows.
      # policies:
      #   - { id: "pro-monthly", match: { tenant: [] }, limit: { usd: 100, per: month } }
      "
    `);
    expect(parseContract(yaml, 'waybill.yaml')).toMatchObject({
      attributes: { tenant: { aliases: ['customerId'], values: ['acme', 'globex', 'initech'] } },
      services: { web: { role: 'entry' }, litellm: { role: 'gateway' } },
    });
  });

  it('holds whatever was seen, in any order', () => {
    const odd = fc.oneof(
      fc.string(),
      fc.constantFrom(
        "'",
        '"',
        'a: b',
        '# no',
        '- x',
        '\n',
        '__proto__',
        'constructor',
        '*',
        '&a',
        '!!js',
        '\u2028',
        'null',
      ),
    );
    const keys = fc.uniqueArray(
      fc.record({
        key: fc.oneof(odd, fc.constantFrom('tenant.id', 'tenantId', 'team', 'policy', 'x-tenant', 'user')),
        traces: fc.nat(),
        values: fc.array(odd, { maxLength: 22 }),
        distinct: fc.nat(30),
        patterns: fc.subarray([...VALUE_PATTERNS]),
      }),
      { selector: (one) => one.key },
    );
    const routes = fc.array(fc.record({ route: fc.array(odd, { minLength: 1 }), calls: fc.nat() }));
    fc.assert(
      fc.property(keys, routes, fc.nat(), (some, ways, traces) => {
        const proposal = proposeContract({ traces, keys: some, routes: ways });
        const yaml = proposedYaml(proposal, { since: '7d', traces });
        expect(() => parseContract(yaml, 'waybill.yaml')).not.toThrow();
        expect(proposeContract({ traces, keys: some.toReversed(), routes: ways.toReversed() })).toEqual(proposal);
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});
