import { expect, it } from 'vitest';
import { createBodyMemory } from '../../../collector/otlp/body-memory.js';

const MIB = 1024 ** 2;

it('puts the pieces of a body together, whatever was announced', () => {
  const pieces = Array.from({ length: 300 }, (_, i) => Buffer.alloc(1 + i * 37, i));
  for (const expected of [0, 10, 5 * MIB]) {
    const gathered = createBodyMemory(MIB).open();
    for (const piece of pieces) gathered.append(piece, expected);
    expect(Buffer.compare(gathered.bytes(), Buffer.concat(pieces))).toBe(0);
  }
});

it('lends the same memory again, and never to two at once', () => {
  const memory = createBodyMemory(8 * MIB);
  const [one, other] = [memory.open(), memory.open()];
  one.append(Buffer.alloc(MIB, 1));
  other.append(Buffer.alloc(MIB, 2));
  expect(one.bytes().buffer).not.toBe(other.bytes().buffer);
  const { buffer } = one.bytes();
  one.free();
  one.free();
  const [third, fourth] = [memory.open(), memory.open()];
  third.append(Buffer.alloc(MIB, 3));
  fourth.append(Buffer.alloc(MIB, 4));
  expect(third.bytes().buffer).toBe(buffer);
  expect(fourth.bytes().buffer).not.toBe(buffer);
  expect(other.bytes().every((byte) => byte === 2)).toBe(true);
});

it('gives what is only announced a megabyte, and keeps no more for later than it may', () => {
  const memory = createBodyMemory(2 * MIB);
  const announced = memory.open();
  announced.append(Buffer.alloc(10), 64 * MIB);
  expect(announced.bytes().buffer.byteLength).toBe(MIB);
  const large = memory.open();
  large.append(Buffer.alloc(3 * MIB));
  const { buffer } = large.bytes();
  large.free();
  const next = memory.open();
  next.append(Buffer.alloc(3 * MIB));
  expect(next.bytes().buffer).not.toBe(buffer);
});
