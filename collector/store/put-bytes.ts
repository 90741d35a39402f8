/*
 * Writes columns into memory that was made room for, and returns where they end. The place is an argument, and so a
 * variable of whoever calls: going through the place of a `RowWriter` for every column would have each wait for the one
 * before to be stored.
 */

/** The two digits of each byte, the first of them in the low eight bits. */
const HEX_DIGITS = Uint16Array.from({ length: 256 }, (_, byte) =>
  Buffer.from(byte.toString(16).padStart(2, '0')).readUInt16LE(),
);

/** Copies bytes. */
export function putBytes(target: DataView, at: number, from: DataView, start: number, end: number): number {
  const last = end - 4;
  const after = at + end - start;
  let to = at;
  let i = start;
  for (; i < last; i += 4, to += 4) target.setInt32(to, from.getInt32(i, true), true);
  // The last four again overlap those before: a loop over one to three bytes takes longer.
  if (last >= start) target.setInt32(after - 4, from.getInt32(last, true), true);
  else for (; i < end; i += 1, to += 1) target.setUint8(to, from.getUint8(i));
  return after;
}

/** Copies bytes; returns whether they are ASCII. */
export function putAscii(target: DataView, at: number, from: DataView, start: number, end: number): boolean {
  const last = end - 4;
  let bits = 0;
  let to = at;
  let i = start;
  for (; i < last; i += 4, to += 4) {
    const four = from.getInt32(i, true);
    bits |= four;
    target.setInt32(to, four, true);
  }
  if (last >= start) {
    const four = from.getInt32(last, true);
    bits |= four;
    target.setInt32(at + last - start, four, true);
  } else {
    for (; i < end; i += 1, to += 1) {
      const byte = from.getUint8(i);
      bits |= byte;
      target.setUint8(to, byte);
    }
  }
  return (bits & 0x80808080) === 0;
}

/** A whole number below 2^21 as a `String` of its digits. */
export function putDigits(target: DataView, at: number, value: number): number {
  let digits = 1;
  for (let power = 10; power <= value; power *= 10) digits += 1;
  target.setUint8(at, digits);
  let rest = value;
  for (let to = at + digits; to > at; to -= 1) {
    const tenth = Math.floor(rest / 10);
    target.setUint8(to, 0x30 + rest - 10 * tenth);
    rest = tenth;
  }
  return at + 1 + digits;
}

/** Bytes as hex digits, two a byte. */
export function putHex(target: DataView, at: number, from: DataView, start: number, end: number): number {
  let to = at;
  for (let i = start; i < end; i += 1, to += 2) target.setUint16(to, HEX_DIGITS[from.getUint8(i)] ?? 0, true);
  return to;
}

/** A whole number from 0 to 2^53 - 1 as `UInt64`. */
export function putUint64(target: DataView, at: number, value: number): number {
  target.setUint32(at, value >>> 0, true);
  target.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true);
  return at + 8;
}
