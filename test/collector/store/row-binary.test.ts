import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RowReader } from '../../../collector/store/row-reader.js';
import { createRowReader } from '../../../collector/store/row-reader.js';
import type { RowWriter } from '../../../collector/store/row-writer.js';
import { columnsOf, createRowWriter } from '../../../collector/store/row-writer.js';
import { anyCount, anyText, anyUsd } from '../../support/arbitrary-span.js';

/** One value of a column: how it is written, and what is read there. */
interface Cell {
  readonly value: unknown;
  readonly write: (row: RowWriter) => void;
  readonly read: (row: RowReader) => unknown;
}

function column<T>(
  values: fc.Arbitrary<T>,
  write: (row: RowWriter, value: T) => void,
  read: (row: RowReader) => T,
): fc.Arbitrary<Cell> {
  return values.map((value) => ({ value, write: (row) => write(row, value), read }));
}

const texts = fc.array(anyText, { maxLength: 4 });

const columns: Readonly<Record<string, fc.Arbitrary<Cell>>> = {
  UInt8: column(
    fc.nat(255),
    (row, value) => row.uint8(value),
    (row) => row.uint8(),
  ),
  UInt32: column(
    fc.nat(2 ** 32 - 1),
    (row, value) => row.uint32(value),
    (row) => row.uint32(),
  ),
  UInt64: column(
    anyCount,
    (row, value) => row.uint64(value),
    (row) => row.uint64(),
  ),
  Bool: column(
    fc.boolean(),
    (row, value) => row.bool(value),
    (row) => row.bool(),
  ),
  DateTime64: column(
    fc.maxSafeNat(),
    (row, value) => row.dateTime64(value),
    (row) => row.dateTime64(),
  ),
  FixedString: column(
    fc.stringMatching(/^[0-9a-f]{16}$/),
    (row, value) => row.fixedAscii(value, 16),
    (row) => row.fixedAscii(16),
  ),
  String: column(
    anyText,
    (row, value) => row.string(value),
    (row) => row.string(),
  ),
  'Array(String)': column(
    texts,
    (row, value) => row.strings(value),
    (row) => row.strings(),
  ),
  Map: column(
    texts.map((list) => list.flatMap((text) => [text, text])),
    (row, value) => row.map(value),
    (row) => row.map(),
  ),
  'Nullable(UInt64)': column(
    fc.option(anyCount),
    (row, value) => row.nullableUint64(value),
    (row) => row.nullableUint64(),
  ),
  'Nullable(Decimal)': column(
    fc.option(anyUsd),
    (row, value) => row.nullableUsd(value),
    (row) => row.nullableUsd(),
  ),
};

const anyRow = fc.array(fc.oneof(...Object.values(columns)), { minLength: 1, maxLength: 12 });

describe('rows', () => {
  it('read back what was written, whatever the columns', () => {
    const row = createRowWriter();
    fc.assert(
      fc.property(fc.array(anyRow, { maxLength: 5 }), (rows) => {
        row.reset();
        for (const { write } of rows.flat()) write(row);
        const read = createRowReader(row.bytes());
        for (const one of rows.flat()) expect(one.read(read)).toEqual(one.value);
        expect(read.hasMore()).toBe(false);
      }),
    );
  });

  it('that end early are an error and nothing else', () => {
    const row = createRowWriter();
    fc.assert(
      fc.property(anyRow, fc.nat(1_000), (cells, cut) => {
        row.reset();
        for (const { write } of cells) write(row);
        const bytes = row.bytes();
        const read = createRowReader(bytes.subarray(0, cut % bytes.length));
        expect(() => cells.map((one) => one.read(read))).toThrow(RangeError);
      }),
    );
  });

  it('may be longer than the buffer that they start in', () => {
    const row = createRowWriter();
    const long = 'ü'.repeat(100_000);
    row.string(long);
    row.uint8(7);
    const read = createRowReader(row.bytes());
    expect(read.string()).toBe(long);
    expect(read.uint8()).toBe(7);
  });

  it('hold amounts exactly up to a million dollars, and none that would be cut', () => {
    const row = createRowWriter();
    const amounts = ['0.000000000001', '999999.999999999999', '1000000', '-1000000', '1e30', 'no number', null];
    for (const amount of amounts) row.nullableUsd(amount);
    const read = createRowReader(row.bytes());
    expect(amounts.map(() => read.nullableUsd())).toEqual([
      '0.000000000001',
      '999999.999999999999',
      null,
      null,
      null,
      null,
      null,
    ]);
  });

  it('with a number past 2^53 are refused, where they are read and where they are written', () => {
    const past = Buffer.alloc(8);
    past.writeBigUInt64LE(2n ** 53n);
    expect(() => createRowReader(past).uint64()).toThrow(RangeError);
    for (const wrong of [-1, 0.5, NaN, 2 ** 53, Infinity])
      expect(() => createRowWriter().uint64(wrong)).toThrow(RangeError);
  });

  it('with strings that are alike at both ends and in the middle come back each as itself, again and again', () => {
    const alike = ['aaaa1aaaa1aaaa', 'aaaa2aaaa2aaaa', 'aaaa1aaaa2aaaa', 'aaaé1aaaa1aaaa', 'a', 'b', 'ab', 'abc', 'é'];
    const strings = [...alike, ...alike.toReversed(), ...alike];
    const row = createRowWriter();
    for (const text of strings) row.string(text);
    const read = createRowReader(row.bytes());
    expect(strings.map(() => read.string())).toEqual(strings);
  });

  it('pass over bytes only where all of them come next', () => {
    const row = createRowWriter();
    row.strings(['a', 'bcdef']);
    const columns = (list: readonly string[]) => columnsOf((other) => other.strings(list));
    const read = createRowReader(row.bytes());
    for (const other of [['a', 'bcdeg'], ['a', 'bcdef', ''], ['b'], ['a', 'bcdef', 'more than there is']])
      expect(read.passOver(columns(other))).toBe(false);
    expect(read.passOver(columns(['a', 'bcdef']))).toBe(true);
    expect(read.hasMore()).toBe(false);
  });

  it('with an id of another length are refused', () => {
    expect(() => createRowWriter().fixedAscii('abc', 4)).toThrow(RangeError);
  });

  it('with a length that never ends are refused', () => {
    expect(() => createRowReader(Buffer.alloc(20, 0xff)).string()).toThrow(RangeError);
  });
});
