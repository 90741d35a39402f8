import { describe, expect, it } from 'vitest';
import { matchesWildcard, resolvePolicy } from '../../auditor/policy/resolve.js';
import { contract } from '../support/contract.js';

describe('a pattern with *', () => {
  it.each([
    ['acme', 'acme', true],
    ['acme', 'acme2', false],
    ['*', '', true],
    ['*', 'anything', true],
    ['ac*', 'acme', true],
    ['ac*', 'bacme', false],
    ['*me', 'acme', true],
    ['*me', 'acmee', false],
    ['a*e', 'ae', true],
    ['a*e', 'a', false],
    ['a*b*c', 'a-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['a*b*c', 'abc', true],
    ['ab*bc', 'abc', false],
    ['a*x*c', 'abc', false],
    ['a*bb*b', 'abb', false],
    ['a.c', 'abc', false],
  ])('%s against %s: %s', (pattern, value, expected) => {
    expect(matchesWildcard(pattern, value)).toBe(expected);
  });
});

describe('the policy of a call', () => {
  const policies = contract({
    policies: [
      { id: 'a', match: { tenant: 'acme' } },
      { id: 'b', match: { tenant: 'acme', feature: ['chat', 'mail'] } },
      { id: 'all' },
    ],
  });
  const resolve = (tenant: string | null, feature: string | null, policy: string | null) => {
    const { resolved, named, matching } = resolvePolicy({ tenant, feature, policy }, policies);
    return { resolved: resolved?.id ?? null, named: named?.id ?? null, matching: matching.map(({ id }) => id) };
  };

  it('is the one that it names, if that covers it', () => {
    expect(resolve('acme', 'chat', 'b')).toEqual({ resolved: 'b', named: 'b', matching: ['a', 'b', 'all'] });
    expect(resolve('acme', 'search', 'b')).toEqual({ resolved: null, named: 'b', matching: ['a', 'all'] });
    expect(resolve('acme', 'chat', 'nope')).toMatchObject({ resolved: null, named: null });
  });

  it('is the only one that covers it, where it names none', () => {
    expect(resolve('globex', 'chat', null)).toEqual({ resolved: 'all', named: null, matching: ['all'] });
    expect(resolve(null, null, null)).toEqual({ resolved: 'all', named: null, matching: ['all'] });
    expect(resolve('acme', 'chat', null)).toMatchObject({ resolved: null });
  });

  it('is none where the contract lists none', () => {
    expect(resolvePolicy({ tenant: 'acme', feature: null, policy: 'a' }, contract())).toEqual({
      resolved: null,
      named: null,
      matching: [],
    });
  });
});
