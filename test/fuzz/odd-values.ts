import type { Random } from './choose.js';
import { oneOf, onceIn, upTo } from './choose.js';

/** Texts that were trouble somewhere. */
const oddTexts: readonly [string, ...string[]] = [
  '',
  'acme',
  'ACME',
  ' acme ',
  'аcme',
  'acme\u200b',
  '\uFEFFacme',
  '\uFFFD',
  '\0',
  '\ud800',
  '__proto__',
  'constructor',
  'toString',
  'NaN',
  '-1',
  '9223372036854775808',
  '18446744073709551616',
  '1e400',
  '0x10',
  '007',
  '٣',
  '1.5',
  '{"a":',
  '[[[[',
  '2026-02-30T25:61:00Z',
  '4bf92f3577b34da6a3ce929d0e0e4736',
];

const longTexts: readonly [string, ...string[]] = [
  '😀'.repeat(600),
  'a'.repeat(2_000),
  'é'.repeat(64),
  'b'.repeat(300),
];

/** A text; few are long, since these take long. */
export function oddText(random: Random): string {
  return onceIn(random, 60) ? oneOf(random, longTexts) : oneOf(random, oddTexts);
}

/** Numbers that were trouble somewhere. */
export const oddNumbers: readonly [number, ...number[]] = [
  0,
  -0,
  1,
  -1,
  0.1,
  1.5,
  127,
  128,
  255,
  256,
  65_535,
  65_536,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 63,
  2 ** 64,
  1e21,
  1e-9,
  1e300,
  -1e300,
  5e-324,
];

/** Any value that JSON can write. */
export function oddJson(random: Random, depth = 0): unknown {
  const kind = upTo(random, depth > 4 ? 5 : 8);
  if (kind < 2) return oddText(random);
  if (kind < 4) return oneOf(random, oddNumbers);
  if (kind === 4) return oneOf(random, [true, false, null]);
  if (kind === 5) return Array.from({ length: upTo(random, 4) }, () => oddJson(random, depth + 1));
  if (kind === 6) {
    const keys = Array.from({ length: upTo(random, 4) }, () => oddText(random));
    return Object.fromEntries(keys.map((key) => [key, oddJson(random, depth + 1)]));
  }
  return onceIn(random, 50) ? nested(oneOf(random, [60, 70, 300, 2_000])) : {};
}

function nested(depth: number): unknown {
  let value: unknown = 'x';
  for (let i = 0; i < depth; i += 1) value = i % 2 === 0 ? [value] : { a: value };
  return value;
}
