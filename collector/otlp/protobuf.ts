import { Buffer } from 'node:buffer';
import type { Span, SpanLink } from '../../schemas/span.js';
import type { DecodedRequest, RawSpan, ScopeContext, SpanReader } from './span-reader.js';
import { setAttribute, toSpan, UNKNOWN_SERVICE, unusable } from './span-reader.js';
import type { Wire } from './wire.js';
import { createWire, WireType } from './wire.js';
import { readAnyValue } from './any-value.js';

/**
 * Decodes an `ExportTraceServiceRequest` straight from the wire: only the fields that the audit needs are visited,
 * and content is passed over without being looked at.
 *
 * Field numbers are those of opentelemetry-proto 1.x. Invariant of every loop below: `wire.at` stands at a tag, and
 * never passes `end`.
 *
 * @throws MalformedRequest that names what is wrong and at which byte; TooManySpans
 */
export function decodeProtobuf(body: Uint8Array, reader: SpanReader): DecodedRequest {
  const wire = createWire(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
  const request: Request = { wire, reader, spans: [], rejected: 0, rejectedReason: '' };
  const end = body.byteLength;
  // ExportTraceServiceRequest { 1: repeated ResourceSpans resource_spans }
  while (wire.at < end) {
    const tag = wire.tag(end);
    if (tag === field(1, WireType.length)) readResourceSpans(request, wire.open(end));
    else wire.skip(tag, end);
  }
  return { spans: request.spans, rejected: request.rejected, rejectedReason: request.rejectedReason };
}

interface Request {
  readonly wire: Wire;
  readonly reader: SpanReader;
  readonly spans: Span[];
  rejected: number;
  rejectedReason: string;
}

function field(number: number, type: number): number {
  return number * 8 + type;
}

/** ResourceSpans { 1: Resource resource, 2: repeated ScopeSpans scope_spans, 3: string schema_url } */
function readResourceSpans(request: Request, end: number): void {
  const { wire } = request;
  const resource: string[] = [];
  let service = '';
  const scopes: { start: number; end: number }[] = [];
  while (wire.at < end) {
    const tag = wire.tag(end);
    if (tag === field(1, WireType.length)) service = readResource(request, wire.open(end), resource) || service;
    else if (tag === field(2, WireType.length)) {
      // The resource may come after its spans: they are read once it is known.
      const scopeEnd = wire.open(end);
      scopes.push({ start: wire.at, end: scopeEnd });
      wire.at = scopeEnd;
    } else wire.skip(tag, end);
  }
  for (const scope of scopes) {
    wire.at = scope.start;
    readScopeSpans(request, scope.end, { service: service || UNKNOWN_SERVICE, resource });
  }
  wire.at = end;
}

/** Resource { 1: repeated KeyValue attributes, 2: uint32 dropped_attributes_count }; returns `service.name`. */
function readResource({ wire, reader }: Request, end: number, kept: string[]): string {
  let service = '';
  while (wire.at < end) {
    const tag = wire.tag(end);
    if (tag !== field(1, WireType.length)) {
      wire.skip(tag, end);
      continue;
    }
    readKeyValue(
      wire,
      reader,
      wire.open(end),
      (key, use, value) => {
        if (key === 'service.name') service = value;
        if (use === 'keep') setAttribute(kept, key, value, reader);
      },
      isServiceName,
    );
  }
  return service;
}

function isServiceName(key: string): boolean {
  return key === 'service.name';
}

function isNone(): boolean {
  return false;
}

/** ScopeSpans { 1: InstrumentationScope scope, 2: repeated Span spans, 3: string schema_url } */
function readScopeSpans(request: Request, end: number, resource: Pick<ScopeContext, 'service' | 'resource'>): void {
  const { wire } = request;
  let scope: ScopeContext = { ...resource, scopeName: '', scopeVersion: '' };
  const raw: RawSpan[] = [];
  while (wire.at < end) {
    const tag = wire.tag(end);
    if (tag === field(1, WireType.length)) scope = { ...scope, ...readScope(request, wire.open(end)) };
    else if (tag === field(2, WireType.length)) {
      request.reader.checkCount(request.spans.length + request.rejected + raw.length + 1);
      raw.push(readSpan(request, wire.open(end)));
    } else wire.skip(tag, end);
  }
  for (const span of raw) {
    const reason = unusable(span);
    if (reason === null) request.spans.push(toSpan(span, scope, request.reader));
    else {
      request.rejected += 1;
      request.rejectedReason ||= reason;
    }
  }
}

/** InstrumentationScope { 1: string name, 2: string version, 3: repeated KeyValue attributes } */
function readScope({ wire, reader }: Request, end: number): { scopeName: string; scopeVersion: string } {
  let scopeName = '';
  let scopeVersion = '';
  while (wire.at < end) {
    const tag = wire.tag(end);
    if (tag === field(1, WireType.length)) scopeName = readText(wire, reader, end);
    else if (tag === field(2, WireType.length)) scopeVersion = readText(wire, reader, end);
    else wire.skip(tag, end);
  }
  return { scopeName, scopeVersion };
}

/**
 * Span {
 *   1: bytes trace_id, 2: bytes span_id, 3: string trace_state, 4: bytes parent_span_id, 5: string name,
 *   6: SpanKind kind, 7: fixed64 start_time_unix_nano, 8: fixed64 end_time_unix_nano, 9: repeated KeyValue attributes,
 *   10: uint32 dropped_attributes_count, 11: repeated Event events, 12: uint32 dropped_events_count,
 *   13: repeated Link links, 14: uint32 dropped_links_count, 15: Status status, 16: fixed32 flags
 * }
 */
function readSpan({ wire, reader }: Request, end: number): RawSpan {
  const attributes: string[] = [];
  const links: SpanLink[] = [];
  const span = {
    traceId: '',
    spanId: '',
    parentSpanId: '',
    traceState: '',
    flags: 0,
    name: '',
    kind: 0,
    startUs: 0,
    endUs: 0,
    status: 0,
    droppedAttributes: 0,
    attributes,
    links,
  };
  const keep = (key: string, _use: string, value: string): void => setAttribute(attributes, key, value, reader);
  while (wire.at < end) {
    const tag = wire.tag(end);
    switch (tag) {
      case field(1, WireType.length):
        span.traceId = readHex(wire, end);
        break;
      case field(2, WireType.length):
        span.spanId = readHex(wire, end);
        break;
      case field(3, WireType.length):
        span.traceState = readText(wire, reader, end);
        break;
      case field(4, WireType.length):
        span.parentSpanId = readHex(wire, end);
        break;
      case field(5, WireType.length):
        span.name = readText(wire, reader, end);
        break;
      case field(6, WireType.varint):
        span.kind = wire.uint32(end);
        break;
      case field(7, WireType.fixed64):
        span.startUs = wire.nanosAsMicros(end);
        break;
      case field(8, WireType.fixed64):
        span.endUs = wire.nanosAsMicros(end);
        break;
      case field(9, WireType.length):
        readKeyValue(wire, reader, wire.open(end), keep, isNone);
        break;
      case field(10, WireType.varint):
        span.droppedAttributes = wire.uint32(end);
        break;
      case field(13, WireType.length):
        links.push(readLink(wire, reader, wire.open(end)));
        break;
      case field(15, WireType.length):
        span.status = readStatus(wire, wire.open(end));
        break;
      case field(16, WireType.fixed32):
        span.flags = wire.fixed32(end);
        break;
      default:
        wire.skip(tag, end);
    }
  }
  return span;
}

/** Link { 1: bytes trace_id, 2: bytes span_id, 3: string trace_state, 4: repeated KeyValue attributes, 6: fixed32 flags } */
function readLink(wire: Wire, reader: SpanReader, end: number): SpanLink {
  const attributes: string[] = [];
  const link = { traceId: '', spanId: '', attributes };
  while (wire.at < end) {
    const tag = wire.tag(end);
    if (tag === field(1, WireType.length)) link.traceId = readHex(wire, end);
    else if (tag === field(2, WireType.length)) link.spanId = readHex(wire, end);
    else if (tag === field(4, WireType.length)) {
      readKeyValue(
        wire,
        reader,
        wire.open(end),
        (key, use, value) => {
          if (use === 'keep') setAttribute(attributes, key, value, reader);
        },
        isNone,
      );
    } else wire.skip(tag, end);
  }
  return link;
}

/** Status { 2: string message, 3: StatusCode code } */
function readStatus(wire: Wire, end: number): number {
  let code = 0;
  while (wire.at < end) {
    const tag = wire.tag(end);
    if (tag === field(3, WireType.varint)) code = wire.uint32(end);
    else wire.skip(tag, end);
  }
  return code;
}

/**
 * KeyValue { 1: string key, 2: AnyValue value }
 *
 * @param also keys that are wanted though the reader would pass them over
 */
function readKeyValue(
  wire: Wire,
  reader: SpanReader,
  end: number,
  take: (key: string, use: string, value: string) => void,
  also: (key: string) => boolean,
): void {
  let known = reader.keyNamed('');
  let valueAt = -1;
  let valueEnd = -1;
  while (wire.at < end) {
    const tag = wire.tag(end);
    if (tag === field(1, WireType.length)) {
      const keyEnd = wire.open(end);
      known = reader.keyIn(wire.bytes, wire.at, keyEnd);
      wire.at = keyEnd;
    } else if (tag === field(2, WireType.length)) {
      valueEnd = wire.open(end);
      valueAt = wire.at;
      wire.at = valueEnd;
    } else wire.skip(tag, end);
  }
  if (known.use === 'skip' && !also(known.key)) return;
  if (valueAt === -1) {
    take(known.key, known.use, '');
    return;
  }
  wire.at = valueAt;
  take(known.key, known.use, readAnyValue(wire, reader, valueEnd, known.maxLength));
  wire.at = end;
}

function readText(wire: Wire, reader: SpanReader, limit: number): string {
  const end = wire.open(limit);
  const text = reader.textIn(wire.bytes, wire.at, end);
  wire.at = end;
  return text;
}

/** Ids are longer than the valid ones only by mistake: enough is read to see that, and no more. */
function readHex(wire: Wire, limit: number): string {
  const end = wire.open(limit);
  const hex = wire.bytes.toString('hex', wire.at, Math.min(end, wire.at + 33));
  wire.at = end;
  return hex;
}
