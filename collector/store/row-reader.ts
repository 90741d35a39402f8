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
  /** Whether these very bytes come next; then they are passed over. */
  passOver(bytes: DataView): boolean;
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
  // Where the bytes of each of them stand: bytes are compared with bytes, four at a time.
  const places = new Int32Array(slots);
  const lengths = new Int32Array(slots);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;

  function take(length: number): number {
    const start = at;
    if (length > buffer.length - start)
      throw new RangeError(`RowBinary ends early: ${length} bytes wanted at ${start}.`);
    at = start + length;
    return start;
  }

  function varint(): number {
    const first = view.getUint8(take(1));
    if (first < 0x80) return first;
    let value = first & 0x7f;
    let scale = 0x80;
    for (let i = 1; i < 8; i += 1) {
      const byte = view.getUint8(take(1));
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    throw new RangeError(`RowBinary has an overlong length at ${at}.`);
  }

  function uint64(): number {
    const start = take(8);
    const value = view.getUint32(start + 4, true) * 0x1_0000_0000 + view.getUint32(start, true);
    if (!Number.isSafeInteger(value)) throw new RangeError(`RowBinary has a number past 2^53 at ${start}.`);
    return value;
  }

  function text(length: number): string {
    const start = take(length);
    if (length === 0) return '';
    if (length > INTERNED_LENGTH) return buffer.toString('utf8', start, start + length);
    const slot = hashOf(view, start, length) & (slots - 1);
    const known = interned[slot];
    if (known !== undefined && lengths[slot] === length && isSame(view, places[slot] ?? 0, view, start, length))
      return known;
    const made = buffer.toString('utf8', start, start + length);
    interned[slot] = made;
    places[slot] = start;
    lengths[slot] = length;
    return made;
  }

  function list(count: number): string[] {
    const all: string[] = [];
    for (let i = 0; i < count; i += 1) all.push(text(varint()));
    return all;
  }

  return {
    hasMore: () => at < buffer.length,
    uint8: () => view.getUint8(take(1)),
    date: () => view.getUint16(take(2), true),
    uint32: () => view.getUint32(take(4), true),
    uint64,
    bool: () => view.getUint8(take(1)) === 1,
    dateTime64: uint64,
    fixedAscii: text,
    string: () => text(varint()),
    strings: () => list(varint()),
    map: () => list(2 * varint()),
    nullableUint64: () => (view.getUint8(take(1)) === 1 ? null : uint64()),
    nullableUsd: () => (view.getUint8(take(1)) === 1 ? null : formatUsd(view.getBigInt64(take(8), true))),
    length: varint,
    passOver: (wanted) => {
      const { byteLength } = wanted;
      if (byteLength > buffer.length - at || !isSame(wanted, 0, view, at, byteLength)) return false;
      at += byteLength;
      return true;
    },
  };
}

/** Tells strings apart by their ends and their middle: keys share their beginnings, and ids differ anywhere. */
function hashOf(view: DataView, start: number, length: number): number {
  if (length < 4) return (length << 8) ^ (view.getUint8(start) * 31 + view.getUint8(start + length - 1));
  const ends = Math.imul(view.getInt32(start, true), 31) + view.getInt32(start + length - 4, true);
  const mixed = Math.imul(ends, 31) + view.getInt32(start + ((length - 4) >> 1), true) + length;
  // The low bits choose the slot, and those of digits are alike in all their bytes.
  const spread = Math.imul(mixed, 0x9e37_79b1);
  return spread ^ (spread >>> 15);
}

function isSame(one: DataView, oneAt: number, other: DataView, otherAt: number, length: number): boolean {
  let i = 0;
  for (; i <= length - 4; i += 4) if (one.getInt32(oneAt + i, true) !== other.getInt32(otherAt + i, true)) return false;
  for (; i < length; i += 1) if (one.getUint8(oneAt + i) !== other.getUint8(otherAt + i)) return false;
  return true;
}
