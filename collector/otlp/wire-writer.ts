import { createRowWriter } from '../store/row-writer.js';
import { WireType } from './wire.js';

/** Writes a protobuf message, field by field. */
export interface WireWriter {
  /** Begins a field that is a message; returns what `close` wants. */
  open(field: number): number;
  close(mark: number): void;
  text(field: number, text: string): void;
  /** A field that is a message of one field that is a text, in the shortest form. */
  textMessage(field: number, inner: number, text: string): void;
  bytes(field: number, bytes: Uint8Array): void;
  /** A whole number from 0 to 2^53 - 1. */
  uint(field: number, value: number): void;
  int64(field: number, value: bigint): void;
  fixed32(field: number, value: number): void;
  fixed64(field: number, value: bigint): void;
  double(field: number, value: number): void;
  /** What was written so far; valid until the next write. */
  message(): Uint8Array;
  reset(): void;
}

/** A length is written before it is known: in as many bytes, padded with zeros, as any length takes. */
const LENGTH_BYTES = 5;

/** Creates a writer. Strings, numbers and lengths are written in protobuf as they are in rows. */
export function createWireWriter(): WireWriter {
  const row = createRowWriter();
  const tag = (field: number, type: number): void => row.length(field * 8 + type);

  function fixed64(field: number, value: bigint): void {
    tag(field, WireType.fixed64);
    row.uint32(Number(value & 0xffff_ffffn));
    row.uint32(Number((value >> 32n) & 0xffff_ffffn));
  }

  return {
    open: (field) => {
      tag(field, WireType.length);
      for (let i = 0; i < LENGTH_BYTES; i += 1) row.uint8(0);
      return row.size();
    },
    close: (mark) => {
      let length = row.size() - mark;
      for (let at = mark - LENGTH_BYTES; at < mark; at += 1) {
        row.overwrite(at, (length % 0x80) | (at < mark - 1 ? 0x80 : 0));
        length = Math.floor(length / 0x80);
      }
    },
    text: (field, text) => {
      tag(field, WireType.length);
      row.string(text);
    },
    textMessage: (field, inner, text) => {
      const length = Buffer.byteLength(text);
      tag(field, WireType.length);
      row.length(1 + sizeOfLength(length) + length);
      tag(inner, WireType.length);
      row.string(text);
    },
    bytes: (field, bytes) => {
      tag(field, WireType.length);
      row.bytesAsString(new DataView(bytes.buffer, bytes.byteOffset), 0, bytes.byteLength);
    },
    uint: (field, value) => {
      tag(field, WireType.varint);
      row.length(value);
    },
    int64: (field, value) => {
      tag(field, WireType.varint);
      let rest = BigInt.asUintN(64, value);
      for (; rest >= 0x80n; rest >>= 7n) row.uint8(Number(rest & 0x7fn) | 0x80);
      row.uint8(Number(rest));
    },
    fixed32: (field, value) => {
      tag(field, WireType.fixed32);
      row.uint32(value);
    },
    fixed64,
    double: (field, value) => {
      const bits = new DataView(new ArrayBuffer(8));
      bits.setFloat64(0, value);
      fixed64(field, bits.getBigUint64(0));
    },
    message: () => row.bytes(),
    reset: () => row.reset(),
  };
}

function sizeOfLength(length: number): number {
  let bytes = 1;
  for (let rest = length; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes += 1;
  return bytes;
}
