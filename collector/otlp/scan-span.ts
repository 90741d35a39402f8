import { readAnyValue } from './any-value.js';
import type { KnownKey } from './known-key.js';
import { isKey } from './known-key.js';
import { clearAttributes, keepAttribute, setAttribute } from './span-attributes.js';
import type { SpanReader } from './span-reader.js';
import type { RawSpan, TextPlace } from './span-row.js';
import { clearRawSpan, isId, MAX_LINKS, SPAN_ID_BYTES, TRACE_ID_BYTES } from './span-row.js';
import { decodeText, MAX_VALUE_LENGTH } from './text.js';
import type { Wire } from './wire.js';
import { enter, isAscii, readFixed32, readNanosAsMicros, readTag, readUint32, skip, WireType } from './wire.js';

/** What is known while a request is read. Invariant: `wire.at` stands at a tag, and never passes the end of its message. */
export interface SpanScan {
  readonly wire: Wire;
  readonly reader: SpanReader;
  /** What the span says that was read last; its attributes are in the reader. */
  readonly raw: RawSpan;
  /** The key of the attribute that was read last, and where its value stands. */
  last: KnownKey;
  valueAt: number;
  valueEnd: number;
}

/** A tag: a field number of opentelemetry-proto 1.x and a wire type. */
export function field(number: number, type: number): number {
  return number * 8 + type;
}

/**
 * Span {
 *   1: bytes trace_id, 2: bytes span_id, 3: string trace_state, 4: bytes parent_span_id, 5: string name,
 *   6: SpanKind kind, 7: fixed64 start_time_unix_nano, 8: fixed64 end_time_unix_nano, 9: repeated KeyValue attributes,
 *   10: uint32 dropped_attributes_count, 11: repeated Event events, 12: uint32 dropped_events_count,
 *   13: repeated Link links, 14: uint32 dropped_links_count, 15: Status status, 16: fixed32 flags
 * }
 */
export function scanSpan(scan: SpanScan, end: number): void {
  const { wire, raw, reader } = scan;
  clearRawSpan(raw);
  clearAttributes(reader.attributes);
  scan.last = reader.keys.first;
  while (wire.at < end) {
    readAttributes(scan, end);
    if (wire.at === end) return;
    const tag = readTag(wire, end);
    switch (tag) {
      case field(1, WireType.length): {
        const idEnd = enter(wire, end);
        raw.traceIdAt = wire.at;
        raw.traceIdBytes = idEnd - wire.at;
        wire.at = idEnd;
        break;
      }
      case field(2, WireType.length): {
        const idEnd = enter(wire, end);
        raw.spanIdAt = wire.at;
        raw.spanIdBytes = idEnd - wire.at;
        wire.at = idEnd;
        break;
      }
      case field(3, WireType.length):
        placeText(wire, end, raw.traceState);
        break;
      case field(4, WireType.length): {
        const idEnd = enter(wire, end);
        raw.parentIdAt = wire.at;
        raw.parentIdBytes = idEnd - wire.at;
        wire.at = idEnd;
        break;
      }
      case field(5, WireType.length):
        placeText(wire, end, raw.name);
        break;
      case field(6, WireType.varint):
        raw.kind = readUint32(wire, end);
        break;
      case field(7, WireType.fixed64):
        raw.startUs = readNanosAsMicros(wire, end);
        break;
      case field(8, WireType.fixed64):
        raw.endUs = readNanosAsMicros(wire, end);
        break;
      case field(9, WireType.length):
        readAttribute(scan, enter(wire, end));
        break;
      case field(10, WireType.varint):
        raw.droppedAttributes = readUint32(wire, end);
        break;
      case field(13, WireType.length):
        readLink(scan, enter(wire, end));
        break;
      case field(15, WireType.length):
        raw.status = readStatus(wire, enter(wire, end));
        break;
      case field(16, WireType.fixed32):
        raw.flags = readFixed32(wire, end);
        break;
      default:
        skip(wire, tag, end);
    }
  }
}

/** Link { 1: bytes trace_id, 2: bytes span_id, 3: string trace_state, 4: repeated KeyValue attributes, 6: fixed32 flags } */
function readLink(scan: SpanScan, end: number): void {
  const { wire, raw } = scan;
  const attributes: string[] = [];
  const link = { traceId: '', spanId: '', attributes };
  while (wire.at < end) {
    const tag = readTag(wire, end);
    if (tag === field(1, WireType.length)) link.traceId = readId(wire, end, TRACE_ID_BYTES);
    else if (tag === field(2, WireType.length)) link.spanId = readId(wire, end, SPAN_ID_BYTES);
    else if (tag !== field(4, WireType.length)) skip(wire, tag, end);
    else {
      const known = readKeyValue(scan, enter(wire, end));
      if (known.use === 'skip') continue;
      const value = readValue(scan, known);
      if (known.use === 'keep') keepAttribute(attributes, known, value);
    }
  }
  if (link.traceId !== '' && link.spanId !== '' && raw.links.length < MAX_LINKS) raw.links.push(link);
}

/** Status { 2: string message, 3: StatusCode code } */
function readStatus(wire: Wire, end: number): number {
  let code = 0;
  while (wire.at < end) {
    const tag = readTag(wire, end);
    if (tag === field(3, WireType.varint)) code = readUint32(wire, end);
    else skip(wire, tag, end);
  }
  return code;
}

/** Four bytes: the tag of an attribute, its length, the tag of its key, the key's length. Lengths are under 128. */
const SHORT_HEAD = field(9, WireType.length) | (field(1, WireType.length) << 16);
/** The same of an attribute of 128 bytes to 16 KiB, from its length on, which has two bytes. */
const LONG_HEAD = field(1, WireType.length) << 16;

/**
 * Reads as many attributes as follow each other from here on, as long as they are written as nearly everyone writes
 * them: key and value, in this order, of under 128 bytes each. Most of all bytes pass through here, so the place is
 * held in a variable, and tags and lengths are looked at four bytes at a time: going through `wire.at` for every byte
 * takes twice as long.
 */
function readAttributes(scan: SpanScan, end: number): void {
  const { wire, reader } = scan;
  const { attributes, keys } = reader;
  const { view } = wire;
  let { last } = scan;
  let { at } = wire;
  // Field and key, each with its tag and length, and the value's: six bytes, or seven.
  while (at + 7 < end && view.getUint8(at) === field(9, WireType.length)) {
    // Most are of under 128 bytes in all.
    const isShort = view.getUint8(at + 1) < 0x80;
    const head = view.getInt32(isShort ? at : at + 1, true);
    if (isShort ? (head & 0x80ff80ff) !== SHORT_HEAD : (head & 0x80ff8000) !== LONG_HEAD) break;
    const keyAt = isShort ? at + 4 : at + 5;
    const next = isShort ? at + 2 + ((head >>> 8) & 0x7f) : at + 3 + ((head & 0x7f) | ((head >>> 1) & 0x3f80));
    const keyEnd = keyAt + (head >>> 24);
    const valueAt = keyEnd + 2;
    if (next > end || valueAt + 2 > next) break;
    const value = view.getInt32(keyEnd, true);
    if ((value & 0x80ff) !== field(2, WireType.length) || valueAt + ((value >>> 8) & 0x7f) !== next) break;
    const known = last.next;
    last = known !== null && isKey(known, view, keyAt, keyEnd) ? known : keys.after(last, wire, keyAt, keyEnd);
    if (last.use !== 'skip') {
      const textAt = valueAt + 2;
      const isText = value >>> 16 === (((next - textAt) << 8) | field(1, WireType.length));
      if (isText && isAscii(view, textAt, next)) setAttribute(attributes, last, textAt, next, null);
      else {
        wire.at = valueAt;
        setAttribute(attributes, last, 0, 0, readAnyValue(wire, reader, next, last.maxLength));
      }
    }
    at = next;
  }
  scan.last = last;
  wire.at = at;
}

/** Reads an attribute of a span, unless it is to be passed over. */
function readAttribute(scan: SpanScan, end: number): void {
  const known = readKeyValue(scan, end);
  if (known.use !== 'skip') setAttribute(scan.reader.attributes, known, 0, 0, readValue(scan, known));
}

/**
 * Reads KeyValue { 1: string key, 2: AnyValue value }: returns the key, and leaves in the scan where the value
 * stands.
 */
export function readKeyValue(scan: SpanScan, end: number): KnownKey {
  const { wire, reader } = scan;
  let known: KnownKey | null = null;
  scan.valueAt = end;
  scan.valueEnd = end;
  while (wire.at < end) {
    const tag = readTag(wire, end);
    if (tag === field(1, WireType.length)) {
      const keyEnd = enter(wire, end);
      known = reader.keys.after(scan.last, wire, wire.at, keyEnd);
      wire.at = keyEnd;
    } else if (tag === field(2, WireType.length)) {
      scan.valueEnd = enter(wire, end);
      scan.valueAt = wire.at;
      wire.at = scan.valueEnd;
    } else skip(wire, tag, end);
  }
  return (scan.last = known ?? reader.keyNamed(''));
}

/** The text of the value that `readKeyValue` found; nothing: the empty text. */
export function readValue({ wire, reader, valueAt, valueEnd }: SpanScan, { maxLength }: KnownKey): string {
  const { at } = wire;
  wire.at = valueAt;
  const text = readAnyValue(wire, reader, valueEnd, maxLength);
  wire.at = at;
  return text;
}

function placeText(wire: Wire, limit: number, place: TextPlace): void {
  const end = enter(wire, limit);
  const start = wire.at;
  const isPlain = isAscii(wire.view, start, end);
  place.start = start;
  place.end = Math.min(end, start + MAX_VALUE_LENGTH);
  place.text = isPlain ? null : decodeText(wire.bytes, start, end, MAX_VALUE_LENGTH);
  wire.at = end;
}

/** An id in hex digits; empty where it is none of so many bytes that are not all zero. */
function readId(wire: Wire, limit: number, bytes: number): string {
  const end = enter(wire, limit);
  const start = wire.at;
  wire.at = end;
  return isId(wire.view, start, end - start, bytes) ? wire.bytes.toString('hex', start, end) : '';
}
