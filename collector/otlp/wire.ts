import type { Buffer } from 'node:buffer';
import { MalformedRequest } from './errors.js';

/** Protobuf wire types. https://protobuf.dev/programming-guides/encoding/#structure */
export const WireType = { varint: 0, fixed64: 1, length: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;

/** A place in a protobuf message. Every method checks that it stays before `end`, and throws `MalformedRequest`. */
export interface Wire {
  readonly bytes: Buffer;
  at: number;
  /** Field number × 8 + wire type. */
  tag(end: number): number;
  /** Enters a length-delimited field; returns where it ends. */
  open(end: number): number;
  /** Passes over the field whose tag was just read. */
  skip(tag: number, end: number): void;
  /** A varint of which the low 32 bits count. */
  uint32(end: number): number;
  /** A 64-bit signed varint in decimal digits. */
  int64Text(end: number): string;
  fixed32(end: number): number;
  double(end: number): number;
  /** Nanoseconds in a fixed64, as whole microseconds: exact, without big integers. */
  nanosAsMicros(end: number): number;
}

const MAX_GROUP_DEPTH = 64;
const MAX_FIELD = 2 ** 29;

/** Starts at the first byte of a message. */
export function createWire(bytes: Buffer): Wire {
  function need(count: number, end: number): number {
    const start = wire.at;
    if (count > end - start)
      throw new MalformedRequest(
        `The message ends too early at byte ${start}: ${count} bytes wanted, ${end - start} left.`,
      );
    wire.at = start + count;
    return start;
  }

  /** A varint as a double: exact up to 2^53, which is all that tags and lengths may need. */
  function varint(end: number): number {
    const start = wire.at;
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
    throw new MalformedRequest(`A varint at byte ${start} ${end - start < 10 ? 'has no end' : 'has over ten bytes'}.`);
  }

  const wire: Wire = {
    bytes,
    at: 0,
    tag(end) {
      const start = wire.at;
      const tag = varint(end);
      if (tag < 8 || tag >= MAX_FIELD * 8)
        throw new MalformedRequest(`There is no field number ${Math.floor(tag / 8)} at byte ${start}.`);
      return tag;
    },
    open(end) {
      const start = wire.at;
      const length = varint(end);
      if (length > end - wire.at) {
        throw new MalformedRequest(`A field at byte ${start} claims ${length} bytes, and ${end - wire.at} are left.`);
      }
      return wire.at + length;
    },
    skip(tag, end) {
      skipField(tag, end, 0);
    },
    uint32(end) {
      const start = wire.at;
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
      throw new MalformedRequest(
        `A varint at byte ${start} ${end - start < 10 ? 'has no end' : 'has over ten bytes'}.`,
      );
    },
    int64Text(end) {
      const start = wire.at;
      const value = varint(end);
      if (value <= Number.MAX_SAFE_INTEGER) return String(value);
      let exact = 0n;
      for (let at = wire.at - 1; at >= start; at -= 1) exact = (exact << 7n) | BigInt((bytes[at] ?? 0) & 0x7f);
      return BigInt.asIntN(64, exact).toString();
    },
    fixed32: (end) => bytes.readUInt32LE(need(4, end)),
    double: (end) => bytes.readDoubleLE(need(8, end)),
    nanosAsMicros(end) {
      const start = need(8, end);
      const low = bytes.readUInt32LE(start);
      const high = bytes.readUInt32LE(start + 4);
      // 2^32 ns are 4,294,967 µs and 296 ns.
      return high * 4_294_967 + Math.floor((high * 296 + low) / 1_000);
    },
  };

  function skipField(tag: number, end: number, depth: number): void {
    switch (tag % 8) {
      case WireType.varint:
        varint(end);
        return;
      case WireType.fixed64:
        need(8, end);
        return;
      case WireType.length:
        wire.at = wire.open(end);
        return;
      case WireType.fixed32:
        need(4, end);
        return;
      case WireType.startGroup:
        skipGroup(tag, end, depth + 1);
        return;
      default:
        throw new MalformedRequest(
          `Wire type ${tag % 8} at byte ${wire.at} is none, or a group ends that never began.`,
        );
    }
  }

  function skipGroup(tag: number, end: number, depth: number): void {
    if (depth > MAX_GROUP_DEPTH)
      throw new MalformedRequest(`Groups are nested over ${MAX_GROUP_DEPTH} deep at byte ${wire.at}.`);
    const closing = tag - WireType.startGroup + WireType.endGroup;
    for (let inner = wire.tag(end); inner !== closing; inner = wire.tag(end)) skipField(inner, end, depth);
  }

  return wire;
}
