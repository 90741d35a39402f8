import { expect, it } from 'vitest';
import { looksTheSame } from '../../../auditor/rules/looks-the-same.js';

it.each([
  'Acme',
  'ACME',
  'аcme',
  'аϲмe',
  'ａｃｍｅ',
  'acme ',
  '\tacme',
  'ac me',
  'acme\u200b',
  '\ufeffacme',
  'ac\u00adme',
])('%j may be taken for acme', (name) => expect(looksTheSame('acme', name)).toBe(true));

it('tells composed accents from those apart, which look the same', () => {
  expect(looksTheSame('caf\u00e9', 'cafe\u0301')).toBe(true);
});

it.each(['acme', 'acne', 'acme-2', 'café', '', 'x'.repeat(300)])('%j is not taken for acme', (name) => {
  expect(looksTheSame('acme', name)).toBe(false);
});
