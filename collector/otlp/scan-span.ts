import type { KnownKey } from './known-key.js';
import {
  MAX_KEPT_ATTRIBUTES,
  readAttribute,
  readKeyValue,
  readPlainAttributes,
  readValue,
  TAG,
} from './scan-attributes.js';
import { clearAttributes, keepAttribute } from './span-attributes.js';
import type { SpanReader } from './span-reader.js';
import type { RawSpan, TextPlace } from './span-row.js';
import { beginRow, clearRawSpan, isId, MAX_LINKS, SPAN_ID_BYTES, TRACE_ID_BYTES } from './span-row.js';
import type { SpanScope } from './span-scope.js';
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
 * Reads a span and writes its row as far as its own attributes go; `endRow` does the rest. What its row has before its
 * attributes stands before them in the request, too, as nearly everyone writes it.
 *
 * @returns false where the span is written otherwise: see `readOddSpan`
 */
export function scanSpan(scan: SpanScan, scope: SpanScope, end: number): boolean {
  const { wire, raw, reader } = scan;
  const mostKept = MAX_KEPT_ATTRIBUTES - scope.resource.length;
  if (mostKept < 0) return false;
  clearRawSpan(raw);
  clearAttributes(reader.attributes, mostKept);
  scan.last = reader.keys.first;
  let isBegun = false;
  while (wire.at < end) {
    if (wire.view.getUint8(wire.at) === TAG.attribute) {
      if (!isBegun) beginRow(wire, raw, scope, reader);
      isBegun = true;
      readPlainAttributes(scan, end);
      if (wire.at === end) break;
    }
    const tag = readTag(wire, end);
    if (tag === TAG.attribute) {
      if (!isBegun || !readAttribute(scan, enter(wire, end))) return false;
    } else if (isBegun && tag < field(6, WireType.varint)) return false;
    else readField(scan, tag, end);
  }
  if (!isBegun) beginRow(wire, raw, scope, reader);
  return true;
}

/**
 * Reads a field of a span that is no attribute.
 *
 * Span {
 *   1: bytes trace_id, 2: bytes span_id, 3: string trace_state, 4: bytes parent_span_id, 5: string name,
 *   6: SpanKind kind, 7: fixed64 start_time_unix_nano, 8: fixed64 end_time_unix_nano, 9: repeated KeyValue attributes,
 *   10: uint32 dropped_attributes_count, 11: repeated Event events, 12: uint32 dropped_events_count,
 *   13: repeated Link links, 14: uint32 dropped_links_count, 15: Status status, 16: fixed32 flags
 * }
 */
export function readField(scan: SpanScan, tag: number, end: number): void {
  const { wire, raw } = scan;
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
