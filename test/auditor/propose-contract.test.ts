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

  it.each([
    ['twenty values, which can be listed', 19, 20, true],
    ['twenty-one values', 20, 20, false],
    ['values of which only some were kept', 5, 21, false],
  ])('lists %s', (_, number, distinct, isListed) => {
    const values = Array.from({ length: number }, (__, i) => `t${i + 10}`);
    const keys = [key('tenant.id', 9, values, { distinct }), key('customerId', 1, ['acme'])];
    const [tenant] = proposeContract({ ...seen, keys }).attributes;
    expect(tenant?.values).toEqual(isListed ? ['acme', ...values] : { pattern: '^[a-z0-9-]+$' });
  });

  it('takes a pattern only where the values of every key have it', () => {
    const many = Array.from({ length: 21 }, (_, i) => `t${i}`);
    const keys = [key('tenant.id', 9, many), key('customerId', 1, ['a b'])];
    expect(proposeContract({ ...seen, keys }).attributes[0]?.values).toBeNull();
  });

  it('names values that may stand in a contract, and nothing where there are none', () => {
    const valuesOf = (...values: readonly string[]) =>
      proposeContract({ ...seen, keys: [key('tenant.id', 9, values)] }).attributes[0]?.values;
    expect(valuesOf('Acme Corp', ' acme', 'acme ', 'ac\u0007me', 'none', 'x'.repeat(256), 'y'.repeat(257))).toEqual([
      'Acme Corp',
      'x'.repeat(256),
    ]);
    expect(valuesOf('unknown')).toBeNull();
    expect(proposeContract({ ...seen, keys: [] })).toMatchObject({
      policies: [],
      attributes: [{ share: 0 }, {}, {}, {}],
    });
  });

  it('lists at most ten look-alikes, the most frequent first, then by name', () => {
    const alike = Array.from({ length: 12 }, (_, i) =>
      key(`team_${'abcdefghijkl'.charAt(i)}`, i === 11 ? 9 : 3, ['x']),
    );
    for (const keys of [alike, alike.toReversed()]) {
      const [tenant] = proposeContract({ ...seen, keys }).attributes;
      expect(tenant?.aliases.map((one) => one.key)).toEqual(Array.from('labcdefghi', (letter) => `team_${letter}`));
    }
  });

  it('takes no key or service that cannot stand in a contract', () => {
    const longest = `team_${'x'.repeat(251)}`;
    const { attributes, services } = proposeContract({
      ...seen,
      keys: [key('', 9, ['a']), key(longest, 9, ['a']), key(`${longest}y`, 9, ['a'])],
      routes: ['', '__proto__', 'w'.repeat(256), 'w'.repeat(257)].map((name) => ({ route: [name], calls: 1 })),
    });
    expect(attributes[0]?.aliases.map((one) => one.key)).toEqual([longest]);
    expect(services.map(({ name }) => name)).toEqual(['w'.repeat(256)]);
  });

  it('lists at most two hundred services, the busiest first, then by name', () => {
    const routes = Array.from({ length: 201 }, (_, i) => ({ route: [`s${i + 100}`], calls: i === 200 ? 2 : 1 }));
    for (const some of [routes, routes.toReversed()]) {
      const names = proposeContract({ ...seen, routes: some }).services.map(({ name }) => name);
      expect([names.length, names[0], names[1], names.at(-1)]).toEqual([200, 's300', 's100', 's298']);
    }
  });

  it('takes a service for what it is in more than half of its calls', () => {
    const roles = proposeContract({
      ...seen,
      routes: [
        { route: ['half', 'end', 'half'], calls: 1 },
        { route: ['web', 'half'], calls: 1 },
        { route: ['web', 'end'], calls: 1 },
        { route: ['web', 'end', 'pool'], calls: 1 },
        { route: ['end', 'pool'], calls: 1 },
        { route: [], calls: 5 },
      ],
    }).services.map(({ name, role }) => `${name} ${role}`);
    expect(roles.toSorted()).toEqual(['end service', 'half gateway', 'pool gateway', 'web entry']);
  });

  it('knows no share where no trace was seen, and none above the whole', () => {
    const shareOf = (traces: number) => proposeContract({ ...seen, traces }).attributes[0]?.share;
    expect(shareOf(0)).toBe(0);
    expect(shareOf(100)).toBe(1);
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
