import { formatUsd } from '../../auditor/cost/usd.js';

/** Reads rows in ClickHouse's RowBinary format, one method a column type, in the order of the columns. */
export interface RowReader {
  hasMore(): boolean;
  uint8(): number;
  /** `Date`: days since 1970. */
  date(): number;
  uint32(): number;
  /** @throws RangeError past 2^53 - 1 */
  uint64(): number;
  bool(): boolean;
  /** `DateTime64(6)`: microseconds since 1970. */
  dateTime64(): number;
  fixedAscii(length: number): string;
  string(): string;
  strings(): string[];
  /** `Map(String, String)` as alternating keys and values. */
  map(): string[];
  nullableUint64(): number | null;
  /** `Nullable(Decimal(18, 12))` as a decimal string. */
  nullableUsd(): string | null;
  length(): number;
}

/** Strings up to this length are interned: service names and tenants come thousands of times. */
const INTERNED_LENGTH = 64;
const INTERNED_STRINGS = 1 << 14;

/**
 * Creates a reader.
 *
 * @throws RangeError from any of its methods where the bytes end too early
 */
export function createRowReader(bytes: Uint8Array): RowReader {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Few bytes hold few strings: the table must not cost more than they do.
  const slots = Math.min(INTERNED_STRINGS, 2 ** Math.ceil(Math.log2(bytes.byteLength / 16 + 1)));
  const interned: (string | undefined)[] = Array.from({ length: slots });
  let at = 0;

  function take(length: number): number {
    const start = at;
    if (length > buffer.length - start)
      throw new RangeError(`RowBinary ends early: ${length} bytes wanted at ${start}.`);
    at = start + length;
    return start;
  }

  function varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i += 1) {
      const byte = buffer[take(1)] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    throw new RangeError(`RowBinary has an overlong length at ${at}.`);
  }

  function uint64(): number {
    const start = take(8);
    const value = buffer.readUInt32LE(start + 4) * 0x1_0000_0000 + buffer.readUInt32LE(start);
    if (!Number.isSafeInteger(value)) throw new RangeError(`RowBinary has a number past 2^53 at ${start}.`);
    return value;
  }

  function text(length: number): string {
    const start = take(length);
    if (length === 0) return '';
    if (length > INTERNED_LENGTH) return buffer.toString('utf8', start, start + length);
    let hash = length;
    for (let i = start; i < start + length; i += 1) hash = (Math.imul(hash, 31) + (buffer[i] ?? 0)) | 0;
    const slot = hash & (slots - 1);
    const known = interned[slot];
    if (known !== undefined && isAscii(known, start, length)) return known;
    const made = buffer.toString('utf8', start, start + length);
    interned[slot] = made;
    return made;
  }

  function isAscii(known: string, start: number, length: number): boolean {
    if (known.length !== length) return false;
    for (let i = 0; i < length; i += 1) {
      const byte = buffer[start + i] ?? 0;
      if (byte >= 0x80 || known.charCodeAt(i) !== byte) return false;
    }
    return true;
  }

  function list(count: number): string[] {
    const all: string[] = [];
    for (let i = 0; i < count; i += 1) all.push(text(varint()));
    return all;
  }

  return {
    hasMore: () => at < buffer.length,
    uint8: () => buffer[take(1)] ?? 0,
    date: () => buffer.readUInt16LE(take(2)),
    uint32: () => buffer.readUInt32LE(take(4)),
    uint64,
    bool: () => buffer[take(1)] === 1,
    dateTime64: uint64,
    fixedAscii: (length) => {
      const start = take(length);
      return buffer.toString('latin1', start, start + length);
    },
    string: () => text(varint()),
    strings: () => list(varint()),
    map: () => list(2 * varint()),
    nullableUint64: () => (buffer[take(1)] === 1 ? null : uint64()),
    nullableUsd: () => (buffer[take(1)] === 1 ? null : formatUsd(buffer.readBigInt64LE(take(8)))),
    length: varint,
  };
}
