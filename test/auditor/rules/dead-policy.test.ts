import { expect, it } from 'vitest';
import { deadPolicy } from '../../../auditor/rules/dead-policy.js';

it('names the policies to which no call resolved, and no other', () => {
  const resolved = new Set(['a', 'x', '']);
  expect(deadPolicy.check({ expected: ['a', 'b', 'c'], resolved })).toEqual(['b', 'c']);
  expect(deadPolicy.check({ expected: [], resolved })).toEqual([]);
});
