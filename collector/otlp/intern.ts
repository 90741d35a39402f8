import type { Wire } from './wire.js';

/** Longer bytes than these are rarely repeated. */
const MAX_BYTES = 64;

/** What was made of some bytes before, found again by the bytes alone. */
export interface InternTable<T> {
  readonly at: (wire: Wire, start: number, end: number) => T;
  readonly forget: () => void;
}

/**
 * Makes a table of fixed size that gives the same thing for the same short bytes, so that what repeats from span to
 * span is decoded, checked and judged once. Bytes that share a slot drive each other out: whoever forces that only
 * makes them be read again.
 *
 * @param bits the table has 2^bits slots
 * @param make reads what is not in the table
 */
export function createInternTable<T>(
  bits: number,
  make: (wire: Wire, start: number, end: number) => T,
): InternTable<T> {
  const size = 1 << bits;
  const held: (T | undefined)[] = Array.from({ length: size }, () => undefined);
  const missed = new Int32Array(size);
  const lengths = new Uint8Array(size);
  const bytes = new Uint8Array(size * MAX_BYTES);
  const words = new DataView(bytes.buffer);

  function at(wire: Wire, start: number, end: number): T {
    const length = end - start;
    if (length > MAX_BYTES) return make(wire, start, end);
    const hash = hashOf(wire, start, end);
    const slot = hash >>> (32 - bits);
    const known = held[slot];
    if (known !== undefined && lengths[slot] === length && isSame(wire, start, length, words, slot * MAX_BYTES)) {
      return known;
    }
    const made = make(wire, start, end);
    // What comes but once, as an id of a response does, is not worth a place: only what comes again gets one.
    if (missed[slot] !== hash) {
      missed[slot] = hash;
      return made;
    }
    held[slot] = made;
    lengths[slot] = length;
    for (let i = 0; i < length; i += 1) bytes[slot * MAX_BYTES + i] = wire.bytes[start + i] ?? 0;
    return made;
  }

  return { at, forget: () => void held.fill(undefined) };
}

/** Multiplies four bytes at a time (0x9e3779b1 is 2^32 over the golden ratio); the high bits are the mixed ones. */
function hashOf({ bytes, view }: Wire, start: number, end: number): number {
  let hash = end - start;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  for (; at < end; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x9e3779b1);
  return Math.imul(hash, 0x9e3779b1);
}

function isSame({ bytes, view }: Wire, start: number, length: number, words: DataView, from: number): boolean {
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    if (view.getInt32(start + i, true) !== words.getInt32(from + i, true)) return false;
  }
  for (; i < length; i += 1) if (bytes[start + i] !== words.getUint8(from + i)) return false;
  return true;
}
