import { Buffer } from 'node:buffer';
import type { Span, SpanLink } from '../../schemas/span.js';
import { readAnyValue } from './any-value.js';
import type { KnownKey } from './span-attributes.js';
import { clearAttributes, keepAttribute, setAttribute } from './span-attributes.js';
import type { DecodedRequest, RawSpan, ScopeContext, SpanReader } from './span-reader.js';
import { toSpan, UNKNOWN_SERVICE, unusable } from './span-reader.js';
import type { Wire } from './wire.js';
import { createWire, enter, readFixed32, readNanosAsMicros, readTag, readUint32, skip, WireType } from './wire.js';

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
  const request: Request = {
    wire,
    reader,
    spans: [],
    rejected: 0,
    rejectedReason: '',
    known: reader.keyNamed(''),
    value: '',
  };
  reader.begin();
  const end = body.byteLength;
  // ExportTraceServiceRequest { 1: repeated ResourceSpans resource_spans }
  while (wire.at < end) {
    const tag = readTag(wire, end);
    if (tag === field(1, WireType.length)) readResourceSpans(request, enter(wire, end));
    else skip(wire, tag, end);
  }
  return { spans: request.spans, rejected: request.rejected, rejectedReason: request.rejectedReason };
}

interface Request {
  readonly wire: Wire;
  readonly reader: SpanReader;
  readonly spans: Span[];
  rejected: number;
  rejectedReason: string;
  /** The attribute that was read last. */
  known: KnownKey;
  value: string;
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
    const tag = readTag(wire, end);
    if (tag === field(1, WireType.length)) service = readResource(request, enter(wire, end), resource) || service;
    else if (tag === field(2, WireType.length)) {
      // The resource may come after its spans: they are read once it is known.
      const scopeEnd = enter(wire, end);
      scopes.push({ start: wire.at, end: scopeEnd });
      wire.at = scopeEnd;
    } else skip(wire, tag, end);
  }
  for (const scope of scopes) {
    wire.at = scope.start;
    readScopeSpans(request, scope.end, { service: service || UNKNOWN_SERVICE, resource });
  }
  wire.at = end;
}

/** Resource { 1: repeated KeyValue attributes, 2: uint32 dropped_attributes_count }; returns `service.name`. */
function readResource(request: Request, end: number, kept: string[]): string {
  const { wire } = request;
  let service = '';
  while (wire.at < end) {
    const tag = readTag(wire, end);
    if (tag !== field(1, WireType.length)) skip(wire, tag, end);
    else if (readKeyValue(request, enter(wire, end), 'service.name')) {
      if (request.known.key === 'service.name') service = request.value;
      if (request.known.use === 'keep') keepAttribute(kept, request.known, request.value);
    }
  }
  return service;
}

/** ScopeSpans { 1: InstrumentationScope scope, 2: repeated Span spans, 3: string schema_url } */
function readScopeSpans(request: Request, end: number, resource: Pick<ScopeContext, 'service' | 'resource'>): void {
  const { wire } = request;
  let scope: ScopeContext = { ...resource, scopeName: '', scopeVersion: '' };
  const start = wire.at;
  while (wire.at < end) {
    const tag = readTag(wire, end);
    if (tag === field(1, WireType.length)) scope = { ...scope, ...readScope(request, enter(wire, end)) };
    else skip(wire, tag, end);
  }
  // The scope, too, may come after its spans.
  wire.at = start;
  while (wire.at < end) {
    const tag = readTag(wire, end);
    if (tag !== field(2, WireType.length)) {
      skip(wire, tag, end);
      continue;
    }
    request.reader.checkCount(request.spans.length + request.rejected + 1);
    const raw = readSpan(request, enter(wire, end));
    const reason = unusable(raw);
    if (reason === null) request.spans.push(toSpan(raw, scope, request.reader));
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
    const tag = readTag(wire, end);
    if (tag === field(1, WireType.length)) scopeName = readText(wire, reader, end);
    else if (tag === field(2, WireType.length)) scopeVersion = readText(wire, reader, end);
    else skip(wire, tag, end);
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
function readSpan(request: Request, end: number): RawSpan {
  const { wire, reader } = request;
  const { attributes } = reader;
  const links: SpanLink[] = [];
  clearAttributes(attributes);
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
  while (wire.at < end) {
    const tag = readTag(wire, end);
    switch (tag) {
      case field(1, WireType.length):
        span.traceId = readId(wire, reader, end);
        break;
      case field(2, WireType.length):
        span.spanId = readId(wire, reader, end);
        break;
      case field(3, WireType.length):
        span.traceState = readText(wire, reader, end);
        break;
      case field(4, WireType.length):
        span.parentSpanId = readId(wire, reader, end);
        break;
      case field(5, WireType.length):
        span.name = readText(wire, reader, end);
        break;
      case field(6, WireType.varint):
        span.kind = readUint32(wire, end);
        break;
      case field(7, WireType.fixed64):
        span.startUs = readNanosAsMicros(wire, end);
        break;
      case field(8, WireType.fixed64):
        span.endUs = readNanosAsMicros(wire, end);
        break;
      case field(9, WireType.length):
        if (readKeyValue(request, enter(wire, end), null)) setAttribute(attributes, request.known, request.value);
        break;
      case field(10, WireType.varint):
        span.droppedAttributes = readUint32(wire, end);
        break;
      case field(13, WireType.length):
        links.push(readLink(request, enter(wire, end)));
        break;
      case field(15, WireType.length):
        span.status = readStatus(wire, enter(wire, end));
        break;
      case field(16, WireType.fixed32):
        span.flags = readFixed32(wire, end);
        break;
      default:
        skip(wire, tag, end);
    }
  }
  return span;
}

/** Link { 1: bytes trace_id, 2: bytes span_id, 3: string trace_state, 4: repeated KeyValue attributes, 6: fixed32 flags } */
function readLink(request: Request, end: number): SpanLink {
  const { wire, reader } = request;
  const attributes: string[] = [];
  const link = { traceId: '', spanId: '', attributes };
  while (wire.at < end) {
    const tag = readTag(wire, end);
    if (tag === field(1, WireType.length)) link.traceId = readId(wire, reader, end);
    else if (tag === field(2, WireType.length)) link.spanId = readId(wire, reader, end);
    else if (tag !== field(4, WireType.length)) skip(wire, tag, end);
    else if (readKeyValue(request, enter(wire, end), null) && request.known.use === 'keep') {
      keepAttribute(attributes, request.known, request.value);
    }
  }
  return link;
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

/**
 * KeyValue { 1: string key, 2: AnyValue value }: leaves it in the request; false where it is passed over.
 *
 * @param also a key that is wanted though the reader would pass it over
 */
function readKeyValue(request: Request, end: number, also: string | null): boolean {
  const { wire, reader } = request;
  let known: KnownKey | null = null;
  let valueAt = -1;
  let valueEnd = -1;
  while (wire.at < end) {
    const tag = readTag(wire, end);
    if (tag === field(1, WireType.length)) {
      const keyEnd = enter(wire, end);
      known = reader.keyIn(wire, wire.at, keyEnd);
      wire.at = keyEnd;
    } else if (tag === field(2, WireType.length)) {
      valueEnd = enter(wire, end);
      valueAt = wire.at;
      wire.at = valueEnd;
    } else skip(wire, tag, end);
  }
  known ??= reader.keyNamed('');
  if (known.use === 'skip' && known.key !== also) return false;
  request.known = known;
  request.value = '';
  if (valueAt === -1) return true;
  wire.at = valueAt;
  request.value = readAnyValue(wire, reader, valueEnd, known.maxLength);
  wire.at = end;
  return true;
}

function readText(wire: Wire, reader: SpanReader, limit: number): string {
  const end = enter(wire, limit);
  const text = reader.textIn(wire, wire.at, end);
  wire.at = end;
  return text;
}

function readId(wire: Wire, reader: SpanReader, limit: number): string {
  const end = enter(wire, limit);
  const id = reader.idIn(wire, wire.at, end);
  wire.at = end;
  return id;
}
