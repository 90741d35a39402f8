import { MalformedRequest } from './errors.js';
import type { SpanReader } from './span-reader.js';
import { cutText, decodeText, MAX_VALUE_LENGTH } from './text.js';
import type { Wire } from './wire.js';
import { enter, readBool, readDouble, readInt64Text, readTag, skip, WireType } from './wire.js';

/** How deep values may be nested, in every wire format. */
export const MAX_DEPTH = 64;

type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain };

const FIELD = {
  string: 8 + WireType.length,
  bool: 16 + WireType.varint,
  int: 24 + WireType.varint,
  double: 32 + WireType.fixed64,
  array: 40 + WireType.length,
  map: 48 + WireType.length,
  bytes: 56 + WireType.length,
} as const;

/**
 * Reads a value as the text that is kept of it: strings as they are, numbers and booleans as JSON writes them, arrays
 * and maps as JSON, bytes and nothing as the empty string. Cut to what may be kept.
 *
 * AnyValue { 1: string, 2: bool, 3: int64, 4: double, 5: ArrayValue, 6: KeyValueList, 7: bytes }
 */
export function readAnyValue(wire: Wire, reader: SpanReader, end: number, maxLength: number): string {
  let text = '';
  while (wire.at < end) {
    const tag = readTag(wire, end);
    switch (tag) {
      case FIELD.string:
        text = maxLength === MAX_VALUE_LENGTH ? readString(wire, reader, end) : readLongString(wire, end, maxLength);
        break;
      case FIELD.bool:
        text = String(readBool(wire, end));
        break;
      case FIELD.int:
        text = readInt64Text(wire, end);
        break;
      case FIELD.double:
        text = String(readDouble(wire, end));
        break;
      case FIELD.array:
      case FIELD.map:
        text = cutText(JSON.stringify(readNested(wire, reader, tag, end, 1)), maxLength);
        break;
      case FIELD.bytes:
        // Of several values at once the last one counts, also one that is not kept.
        wire.at = enter(wire, end);
        text = '';
        break;
      default:
        skip(wire, tag, end);
    }
  }
  return text;
}

function readString(wire: Wire, reader: SpanReader, limit: number): string {
  const end = enter(wire, limit);
  const text = reader.textIn(wire, wire.at, end);
  wire.at = end;
  return text;
}

function readLongString(wire: Wire, limit: number, maxLength: number): string {
  const end = enter(wire, limit);
  const text = decodeText(wire.bytes, wire.at, end, maxLength);
  wire.at = end;
  return text;
}

function readPlain(wire: Wire, reader: SpanReader, end: number, depth: number): Plain {
  let plain: Plain = null;
  while (wire.at < end) {
    const tag = readTag(wire, end);
    switch (tag) {
      case FIELD.string:
        plain = readString(wire, reader, end);
        break;
      case FIELD.bool:
        plain = readBool(wire, end);
        break;
      case FIELD.int:
        plain = readInt64Text(wire, end);
        if (Number.isSafeInteger(Number(plain))) plain = Number(plain);
        break;
      case FIELD.double:
        plain = readDouble(wire, end);
        break;
      case FIELD.array:
      case FIELD.map:
        plain = readNested(wire, reader, tag, end, depth + 1);
        break;
      case FIELD.bytes:
        wire.at = enter(wire, end);
        plain = null;
        break;
      default:
        skip(wire, tag, end);
    }
  }
  return plain;
}

/** ArrayValue { 1: repeated AnyValue values }; KeyValueList { 1: repeated KeyValue values } */
function readNested(wire: Wire, reader: SpanReader, tag: number, limit: number, depth: number): Plain {
  if (depth > MAX_DEPTH) throw new MalformedRequest(`Values are nested over ${MAX_DEPTH} deep at byte ${wire.at}.`);
  const end = enter(wire, limit);
  const list: Plain[] = [];
  const entries: [string, Plain][] = [];
  while (wire.at < end) {
    const inner = readTag(wire, end);
    if (inner !== 8 + WireType.length) skip(wire, inner, end);
    else if (tag === FIELD.array) list.push(readPlain(wire, reader, enter(wire, end), depth));
    else entries.push(readEntry(wire, reader, enter(wire, end), depth));
  }
  return tag === FIELD.array ? list : Object.fromEntries(entries);
}

function readEntry(wire: Wire, reader: SpanReader, end: number, depth: number): [string, Plain] {
  let key = '';
  let value: Plain = null;
  while (wire.at < end) {
    const tag = readTag(wire, end);
    if (tag === 8 + WireType.length) key = readString(wire, reader, end);
    else if (tag === 16 + WireType.length) value = readPlain(wire, reader, enter(wire, end), depth);
    else skip(wire, tag, end);
  }
  return [key, value];
}
