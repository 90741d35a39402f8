import type { Random } from './choose.js';
import { oneOf, onceIn, upTo } from './choose.js';
import { oddNumbers, oddText } from './odd-values.js';

/** What a field holds: a message by its own fields, or one of the plain kinds. */
type Content = 'id16' | 'id8' | 'text' | 'key' | 'bytes';
type Shape = Fields | Content | 'varint' | 'fixed64' | 'fixed32';
interface Fields {
  readonly [number: number]: Shape;
}

const value: Fields = { 1: 'text', 2: 'varint', 3: 'varint', 4: 'fixed64', 7: 'bytes' };
const pair: Fields = {
  1: 'key',
  2: { ...value, 5: { 1: value }, 6: { 1: { 1: 'text', 2: { ...value, 5: { 1: value } } } } },
};
const span: Fields = {
  1: 'id16',
  2: 'id8',
  3: 'text',
  4: 'id8',
  5: 'text',
  6: 'varint',
  7: 'fixed64',
  8: 'fixed64',
  9: pair,
  10: 'varint',
  11: { 1: 'fixed64', 2: 'text', 3: pair },
  13: { 1: 'id16', 2: 'id8', 3: 'text', 4: pair },
  15: { 2: 'text', 3: 'varint' },
  16: 'fixed32',
};
const request: Fields = { 1: { 1: { 1: pair, 2: 'varint' }, 2: { 1: { 1: 'text', 2: 'text' }, 2: span, 3: 'text' } } };

/** Fields without which a message says little: they are nearly always there. */
const USUAL: ReadonlySet<Shape> = new Set<Shape>(['id16', 'key']);

/** Writes a request field by field in any order and number, and now and then one that lies. */
export function writeWire(random: Random, keys: readonly [string, ...string[]]): Buffer {
  return Buffer.from(message(request));

  function message(fields: Fields): number[] {
    const parts: number[][] = [];
    const numbers = Object.keys(fields).map(Number);
    for (const number of numbers) {
      const shape = fields[number] ?? 'bytes';
      const isList = shape === pair || shape === span;
      let left = isList ? upTo(random, 6) : USUAL.has(shape) || !onceIn(random, 3) ? 1 : 0;
      if (number === 2 && fields === span) left = onceIn(random, 20) ? 0 : 1;
      for (; left > 0; left -= 1) parts.push(field(number, shape));
    }
    if (onceIn(random, 30)) parts.push(oddField());
    return (onceIn(random, 4) ? shuffled(parts) : parts).flat();
  }

  function shuffled<T>(list: readonly T[]): T[] {
    const places = new Map(list.map((one) => [one, random()]));
    return list.toSorted((a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0));
  }

  function field(number: number, shape: Shape): number[] {
    const bytes: number[] = [];
    if (shape === 'varint') bytes.push(...varint(number * 8), ...varint(BigInt.asUintN(64, BigInt(whole()))));
    else if (shape === 'fixed64') bytes.push(...varint(number * 8 + 1), ...eight());
    else if (shape === 'fixed32') bytes.push(...varint(number * 8 + 5), ...some(4));
    else {
      const body = typeof shape === 'object' ? message(shape) : content(shape);
      const lie = onceIn(random, 400) ? oneOf(random, [-1, 1, 127, 2 ** 31, 2 ** 53]) : 0;
      bytes.push(...varint(number * 8 + 2), ...varint(Math.max(0, body.length + lie)));
      for (const byte of body) bytes.push(byte);
    }
    return bytes;
  }

  function content(shape: Content): number[] {
    if (shape === 'id16') return onceIn(random, 30) ? some(upTo(random, 18)) : some(16);
    if (shape === 'id8') return onceIn(random, 30) ? some(upTo(random, 10)) : some(8);
    if (shape === 'bytes') return some(upTo(random, 6));
    // The first again and again, so that a key comes twice.
    const text =
      shape === 'key' && !onceIn(random, 8) ? (onceIn(random, 4) ? keys[0] : oneOf(random, keys)) : oddText(random);
    return onceIn(random, 200) ? some(5) : [...Buffer.from(text)];
  }

  function whole(): number {
    return onceIn(random, 2) ? upTo(random, 300) : Math.trunc(oneOf(random, oddNumbers) % 2 ** 64);
  }

  function eight(): number[] {
    const bytes = Buffer.alloc(8);
    if (onceIn(random, 2)) bytes.writeDoubleLE(oneOf(random, [...oddNumbers, Number.NaN, Infinity, -Infinity]));
    else bytes.writeBigUInt64LE(BigInt(upTo(random, 2 ** 53)) * 200n);
    return [...bytes];
  }

  function some(count: number): number[] {
    return Array.from({ length: count }, () => upTo(random, 256));
  }

  /** A field that nobody knows, a group, a wire type that is none, a number with too many bytes. */
  function oddField(): number[] {
    const number = oneOf(random, [1, 2, 9, 15, 100, 2 ** 29 - 1]);
    const inner = varint(8);
    const group = [...varint(number * 8 + 3), ...inner, 1, ...varint(number * 8 + 4)];
    return oneOf(random, [
      [...varint(number * 8), ...varint(upTo(random, 1_000))],
      group,
      [...varint(number * 8 + 3), ...group, ...varint(number * 8 + 4)],
      varint(number * 8 + oneOf(random, [3, 4, 6, 7])),
      [...varint(number * 8), ...Array.from({ length: upTo(random, 12) }, () => 0xff), 1],
      Array.from({ length: 70 }, () => 0x0b),
    ]);
  }
}

function varint(value: number | bigint): number[] {
  if (value < 0x80) return [Number(value)];
  const bytes: number[] = [];
  let left = BigInt(value);
  for (; left >= 0x80n; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  return [...bytes, Number(left)];
}
