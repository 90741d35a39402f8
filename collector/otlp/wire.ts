import type { Buffer } from 'node:buffer';
import { MalformedRequest } from './errors.js';

/** Protobuf wire types. https://protobuf.dev/programming-guides/encoding/#structure */
export const WireType = { varint: 0, fixed64: 1, length: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;

/** A place in a protobuf message. What reads from it checks that it stays before `end`, or throws `MalformedRequest`. */
export interface Wire {
  readonly bytes: Buffer;
  readonly view: DataView;
  at: number;
}

const MAX_GROUP_DEPTH = 64;
const MAX_FIELD = 2 ** 29;

/** Starts at the first byte of a message. */
export function createWire(bytes: Buffer): Wire {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), at: 0 };
}

/** Reads field number × 8 + wire type. */
export function readTag(wire: Wire, end: number): number {
  const start = wire.at;
  const tag = readVarint(wire, end);
  if (tag < 8 || tag >= MAX_FIELD * 8)
    throw new MalformedRequest(`There is no field number ${Math.floor(tag / 8)} at byte ${start}.`);
  return tag;
}

/** Enters a length-delimited field; returns where it ends. */
export function enter(wire: Wire, end: number): number {
  const start = wire.at;
  const length = readVarint(wire, end);
  if (length > end - wire.at) {
    throw new MalformedRequest(`A field at byte ${start} claims ${length} bytes, and ${end - wire.at} are left.`);
  }
  return wire.at + length;
}

/** Whether the bytes from here on are these. */
export function isSameBytes(view: DataView, start: number, bytes: DataView): boolean {
  const last = bytes.byteLength - 4;
  let at = 0;
  for (; at < last; at += 4) if (view.getInt32(start + at, true) !== bytes.getInt32(at, true)) return false;
  // The last four again overlap those before: a loop over one to three bytes takes longer.
  if (last >= 0) return view.getInt32(start + last, true) === bytes.getInt32(last, true);
  for (; at < bytes.byteLength; at += 1) if (view.getUint8(start + at) !== bytes.getUint8(at)) return false;
  return true;
}

/** Whether bytes are ASCII, and so their own text in UTF-8, of as many characters. */
export function isAscii(view: DataView, start: number, end: number): boolean {
  const last = end - 4;
  let bits = 0;
  let at = start;
  for (; at < last; at += 4) bits |= view.getInt32(at, true);
  if (last >= start) bits |= view.getInt32(last, true);
  else for (; at < end; at += 1) bits |= view.getUint8(at);
  return (bits & 0x80808080) === 0;
}

/** Passes over the field whose tag was just read. */
export function skip(wire: Wire, tag: number, end: number): void {
  skipField(wire, tag, end, 0);
}

/** A varint as a double: exact up to 2^53, which is all that tags and lengths may need. */
function readVarint(wire: Wire, end: number): number {
  const start = wire.at;
  const first = wire.bytes[start] ?? 0;
  // Most fit in one byte.
  if (start >= end || first >= 0x80) return readLongVarint(wire, end);
  wire.at = start + 1;
  return first;
}

function readLongVarint(wire: Wire, end: number): number {
  const { bytes, at: start } = wire;
  let value = 0;
  let scale = 1;
  for (let at = start; at < end && at < start + 10; at += 1) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) {
      wire.at = at + 1;
      return value;
    }
    scale *= 0x80;
  }
  throw endless(start, end);
}

/** A varint of which the low 32 bits count. */
export function readUint32(wire: Wire, end: number): number {
  const { bytes, at: start } = wire;
  let value = 0;
  let shift = 0;
  for (let at = start; at < end && at < start + 10; at += 1, shift += 7) {
    const byte = bytes[at] ?? 0;
    if (shift < 32) value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      wire.at = at + 1;
      return value >>> 0;
    }
  }
  throw endless(start, end);
}

function endless(start: number, end: number): MalformedRequest {
  return new MalformedRequest(`A varint at byte ${start} ${end - start < 10 ? 'has no end' : 'has over ten bytes'}.`);
}

/** Ports, status codes and most counts of tokens are below. */
const SMALL = 16_384;
const smallTexts: (string | undefined)[] = Array.from({ length: SMALL }, () => undefined);

/** A 64-bit signed varint in decimal digits. */
export function readInt64Text(wire: Wire, end: number): string {
  const start = wire.at;
  const value = readVarint(wire, end);
  if (value < SMALL) return (smallTexts[value] ??= String(value));
  if (value <= Number.MAX_SAFE_INTEGER) return String(value);
  let exact = 0n;
  for (let at = wire.at - 1; at >= start; at -= 1) exact = (exact << 7n) | BigInt((wire.bytes[at] ?? 0) & 0x7f);
  return BigInt.asIntN(64, exact).toString();
}

/** A boolean is true where any bit of its varint is set: also one of those above the low 32. */
export function readBool(wire: Wire, end: number): boolean {
  return readVarint(wire, end) !== 0;
}

export function readFixed32(wire: Wire, end: number): number {
  return wire.view.getUint32(take(wire, 4, end), true);
}

export function readDouble(wire: Wire, end: number): number {
  return wire.view.getFloat64(take(wire, 8, end), true);
}

/** Nanoseconds in a fixed64, as whole microseconds: exact, without big integers. */
export function readNanosAsMicros(wire: Wire, end: number): number {
  const start = take(wire, 8, end);
  const low = wire.view.getUint32(start, true);
  const high = wire.view.getUint32(start + 4, true);
  // 2^32 ns are 4,294,967 µs and 296 ns.
  return high * 4_294_967 + Math.floor((high * 296 + low) / 1_000);
}

/** Moves past so many bytes; returns where they start. */
function take(wire: Wire, count: number, end: number): number {
  const start = wire.at;
  if (count > end - start)
    throw new MalformedRequest(
      `The message ends too early at byte ${start}: ${count} bytes wanted, ${end - start} left.`,
    );
  wire.at = start + count;
  return start;
}

function skipField(wire: Wire, tag: number, end: number, depth: number): void {
  switch (tag % 8) {
    case WireType.varint:
      readVarint(wire, end);
      return;
    case WireType.fixed64:
      take(wire, 8, end);
      return;
    case WireType.length:
      wire.at = enter(wire, end);
      return;
    case WireType.fixed32:
      take(wire, 4, end);
      return;
    case WireType.startGroup:
      skipGroup(wire, tag, end, depth + 1);
      return;
    default:
      throw new MalformedRequest(`Wire type ${tag % 8} at byte ${wire.at} is none, or a group ends that never began.`);
  }
}

function skipGroup(wire: Wire, tag: number, end: number, depth: number): void {
  if (depth > MAX_GROUP_DEPTH)
    throw new MalformedRequest(`Groups are nested over ${MAX_GROUP_DEPTH} deep at byte ${wire.at}.`);
  const closing = tag - WireType.startGroup + WireType.endGroup;
  for (let inner = readTag(wire, end); inner !== closing; inner = readTag(wire, end)) {
    skipField(wire, inner, end, depth);
  }
}
