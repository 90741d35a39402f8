import { parseUsd } from '../../auditor/cost/usd.js';
import { putBytes, putHex, putUint64 } from './put-bytes.js';

/**
 * Writes rows in ClickHouse's RowBinary format into one growing buffer.
 * https://clickhouse.com/docs/interfaces/formats/RowBinary
 *
 * One method a column type, in the order of the columns; there is no framing between rows.
 */
export interface RowWriter {
  uint8(value: number): void;
  uint16(value: number): void;
  uint32(value: number): void;
  /** A whole number from 0 to 2^53 - 1. @throws RangeError where it is anything else, as do all that write one */
  uint64(value: number): void;
  /** `Decimal(18, 12)` from units of 1e-12 dollars that fit. @throws RangeError where they do not */
  pico(value: bigint): void;
  bool(value: boolean): void;
  /** `Date`: days since 1970. */
  date(days: number): void;
  /** `DateTime64(6)`: microseconds since 1970. */
  dateTime64(us: number): void;
  /** `FixedString(length)` of exactly so many ASCII characters. @throws RangeError where there are more or less */
  fixedAscii(text: string, length: number): void;
  string(text: string): void;
  strings(list: readonly string[]): void;
  /** `Map(String, String)` from alternating keys and values. */
  map(pairs: readonly string[]): void;
  /** `Nullable(UInt64)`. */
  nullableUint64(value: number | null): void;
  /** `Nullable(Decimal(18, 12))` from a decimal string; what does not fit, from a million dollars on, is NULL. */
  nullableUsd(value: string | null): void;
  /** The count that goes before the elements of an array. */
  length(count: number): void;
  /** Bytes as hex digits, two a byte. */
  hex(from: DataView, start: number, end: number): void;
  /** A `String` whose bytes stand elsewhere. */
  bytesAsString(from: DataView, start: number, end: number): void;
  /** Bytes that are part of a row already. */
  raw(from: DataView, start: number, end: number): void;
  /** Writes a byte over one that was written before. */
  overwrite(at: number, byte: number): void;
  /**
   * Makes room for so many bytes and returns what to write them into, from `size()` on: for whoever writes many columns
   * at once, and says by `moveTo` where they end. Valid until the next write.
   */
  reserve(more: number): DataView;
  moveTo(end: number): void;
  /** How many bytes were written so far. */
  size(): number;
  /** What was written so far; valid until the next write. */
  bytes(): Uint8Array;
  /** Forgets what was written, keeps the memory. */
  reset(): void;
  /**
   * Hands over what was written, with the memory that it stands in, and goes on in other memory: what is not to change
   * any more need not be copied.
   */
  handOver(): Uint8Array;
  /** Takes back memory that was handed over, and that nobody looks at any more. */
  takeBack(bytes: Uint8Array): void;
}

const FIRST_SIZE = 64 * 1024;

/** So much memory that was taken back waits to be written to again. New memory costs more than to write to it. */
const MAX_SPARE = 16;
const MAX_SPARE_BYTES = 1024 * 1024;

/** From so many bytes on a call into the engine is worth its cost. */
const LONG = 256;

/** The first amount that has over 18 digits, in units of 1e-12 dollars. */
const TOO_MANY_PICO = 10n ** 18n;

/** Creates a writer. */
export function createRowWriter(): RowWriter {
  // Never of the pool that Node shares out: it may be handed over whole.
  let buffer: Buffer = Buffer.allocUnsafeSlow(FIRST_SIZE);
  let view = viewOf(buffer);
  let at = 0;
  const spare: ArrayBufferLike[] = [];

  /** Makes room for `more` bytes. Every method calls it before it writes. */
  function need(more: number): void {
    if (at + more <= buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(buffer.length * 2, at + more));
    buffer.copy(grown, 0, 0, at);
    buffer = grown;
    view = viewOf(buffer);
  }

  /** LEB128, as ClickHouse writes lengths. */
  function varint(value: number): void {
    need(10);
    let rest = value;
    while (rest >= 0x80) {
      buffer[at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    buffer[at++] = rest;
  }

  function uint64(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0)
      throw new RangeError(`${value} is no whole number from 0 to 2^53 - 1.`);
    need(8);
    at = putUint64(view, at, value);
  }

  function raw(from: DataView, start: number, end: number): void {
    need(end - start);
    if (end - start > LONG) buffer.set(new Uint8Array(from.buffer, from.byteOffset + start, end - start), at);
    else putBytes(view, at, from, start, end);
    at += end - start;
  }

  function string(text: string): void {
    const { length } = text;
    // The commonest strings are short and ASCII: then the length in bytes is the length, and one pass is enough.
    if (length < 0x80) {
      need(1 + length);
      const target = view;
      const to = at + 1;
      let i = 0;
      for (let code = 0; i < length && (code = text.charCodeAt(i)) < 0x80; i += 1) target.setUint8(to + i, code);
      if (i === length) {
        buffer[at] = length;
        at += 1 + length;
        return;
      }
    }
    const size = Buffer.byteLength(text);
    varint(size);
    need(size);
    at += buffer.write(text, at);
  }

  function handOver(): Uint8Array {
    const written = buffer.subarray(0, at);
    const next = spare.pop();
    buffer = next === undefined ? Buffer.allocUnsafeSlow(buffer.length) : Buffer.from(next);
    view = viewOf(buffer);
    at = 0;
    return written;
  }

  function takeBack({ buffer: memory }: Uint8Array): void {
    if (spare.length < MAX_SPARE && memory.byteLength <= MAX_SPARE_BYTES) spare.push(memory);
  }

  return {
    uint8: (value) => {
      need(1);
      buffer[at++] = value;
    },
    uint16: (value) => {
      need(2);
      at = buffer.writeUInt16LE(value, at);
    },
    uint32: (value) => {
      need(4);
      at = buffer.writeUInt32LE(value, at);
    },
    uint64,
    pico: (value) => {
      if (value >= TOO_MANY_PICO || value <= -TOO_MANY_PICO)
        throw new RangeError(`${value} * 10^-12 dollars do not fit.`);
      need(8);
      at = buffer.writeBigInt64LE(value, at);
    },
    bool: (value) => {
      need(1);
      buffer[at++] = value ? 1 : 0;
    },
    date: (days) => {
      need(2);
      at = buffer.writeUInt16LE(days, at);
    },
    dateTime64: uint64,
    fixedAscii: (text, length) => {
      // One byte more or less, and the rows after this one would be read as other rows.
      if (text.length !== length) throw new RangeError(`'${text}' has not ${length} characters.`);
      need(length);
      at += buffer.write(text, at, 'latin1');
    },
    string,
    strings: (list) => {
      varint(list.length);
      for (const text of list) string(text);
    },
    map: (pairs) => {
      varint(pairs.length / 2);
      for (const text of pairs) string(text);
    },
    nullableUint64: (value) => {
      need(1);
      buffer[at++] = value === null ? 1 : 0;
      if (value !== null) uint64(value);
    },
    nullableUsd: (value) => {
      const pico = value === null ? null : parseUsd(value);
      need(9);
      const fits = pico !== null && pico < TOO_MANY_PICO && pico > -TOO_MANY_PICO;
      buffer[at++] = fits ? 0 : 1;
      if (fits) at = buffer.writeBigInt64LE(pico, at);
    },
    length: varint,
    hex: (from, start, end) => {
      need(2 * (end - start));
      at = putHex(view, at, from, start, end);
    },
    bytesAsString: (from, start, end) => {
      if (end - start < 0x80) {
        need(1);
        view.setUint8(at++, end - start);
      } else varint(end - start);
      raw(from, start, end);
    },
    raw,
    overwrite: (place, byte) => {
      buffer[place] = byte;
    },
    reserve: (more) => {
      need(more);
      return view;
    },
    moveTo: (end) => {
      at = end;
    },
    size: () => at,
    bytes: () => buffer.subarray(0, at),
    reset: () => {
      at = 0;
    },
    handOver,
    takeBack,
  };
}

const scratch = createRowWriter();

/** Some columns by themselves, to be copied into many rows. */
export function columnsOf(write: (row: RowWriter) => void): DataView {
  scratch.reset();
  write(scratch);
  return viewOf(Buffer.from(scratch.bytes()));
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
