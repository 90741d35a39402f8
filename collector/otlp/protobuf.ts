import { Buffer } from 'node:buffer';
import { spanRows } from '../store/span-rows.js';
import type { DecodedRequest, LackingCalls } from './decoded-request.js';
import { decodedRequest } from './decoded-request.js';
import { readOddSpan } from './odd-span.js';
import { readKeyValue, readValue } from './scan-attributes.js';
import type { SpanScan } from './scan-span.js';
import { field, scanSpan } from './scan-span.js';
import { keepAttribute } from './span-attributes.js';
import type { Sender } from './sender.js';
import { ANY_SENDER } from './sender.js';
import type { SpanReader } from './span-reader.js';
import { createRawSpan, endRow } from './span-row.js';
import type { SpanResource, SpanScope } from './span-scope.js';
import { spanResource, spanScope } from './span-scope.js';
import type { Wire } from './wire.js';
import { createWire, enter, readTag, skip, WireType } from './wire.js';

/**
 * Decodes an `ExportTraceServiceRequest` straight from the wire to rows of `spans`: only the fields that the audit
 * needs are visited, content is passed over without being looked at, and text that is ASCII is copied as it stands.
 *
 * Field numbers are those of opentelemetry-proto 1.x. Invariant of every loop below: `wire.at` stands at a tag, and
 * never passes `end`.
 *
 * @param sender what whoever sent it may say
 * @throws MalformedRequest that names what is wrong and at which byte; TooManySpans
 */
export function decodeProtobuf(body: Uint8Array, reader: SpanReader, sender: Sender = ANY_SENDER): DecodedRequest {
  const wire = createWire(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
  reader.begin();
  const request: Request = {
    wire,
    reader,
    sender,
    raw: createRawSpan(),
    required: 2 ** reader.contract.required.length - 1,
    starts: [],
    lacking: [],
    rejected: 0,
    rejectedReason: '',
    last: reader.keys.first,
    valueAt: 0,
    valueEnd: 0,
  };
  const end = body.byteLength;
  // ExportTraceServiceRequest { 1: repeated ResourceSpans resource_spans }
  while (wire.at < end) {
    const tag = readTag(wire, end);
    if (tag === field(1, WireType.length)) readResourceSpans(request, enter(wire, end));
    else skip(wire, tag, end);
  }
  const { starts, rejected, rejectedReason, lacking } = request;
  const { row } = reader;
  const rows = spanRows(row.handOver(), starts, (bytes) => row.takeBack(bytes));
  return decodedRequest(rows, rejected, rejectedReason, lacking);
}

interface Request extends SpanScan {
  readonly sender: Sender;
  /** The attributes that the contract requires, as bits. */
  readonly required: number;
  readonly starts: number[];
  readonly lacking: LackingCalls[];
  rejected: number;
  rejectedReason: string;
}

/** ResourceSpans { 1: Resource resource, 2: repeated ScopeSpans scope_spans, 3: string schema_url } */
function readResourceSpans(request: Request, end: number): void {
  const { wire } = request;
  const kept: string[] = [];
  let service = '';
  const scopes: { start: number; end: number }[] = [];
  while (wire.at < end) {
    const tag = readTag(wire, end);
    if (tag === field(1, WireType.length)) service = readResource(request, enter(wire, end), kept) || service;
    else if (tag === field(2, WireType.length)) {
      // The resource may come after its spans: they are read once it is known.
      const scopeEnd = enter(wire, end);
      scopes.push({ start: wire.at, end: scopeEnd });
      wire.at = scopeEnd;
    } else skip(wire, tag, end);
  }
  const resource = spanResource(service, kept, request.reader, request.sender);
  for (const scope of scopes) {
    wire.at = scope.start;
    readScopeSpans(request, scope.end, resource);
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
    else {
      const known = readKeyValue(request, enter(wire, end));
      const isName = known.key === 'service.name';
      if (known.use === 'skip' && !isName) continue;
      const value = readValue(request, known);
      if (isName) service = value;
      if (known.use === 'keep') keepAttribute(kept, known, value);
    }
  }
  return service;
}

/** ScopeSpans { 1: InstrumentationScope scope, 2: repeated Span spans, 3: string schema_url } */
function readScopeSpans(request: Request, end: number, resource: SpanResource): void {
  const { wire, reader } = request;
  let said = { name: '', version: '' };
  const start = wire.at;
  while (wire.at < end) {
    const tag = readTag(wire, end);
    if (tag === field(1, WireType.length)) said = readScope(request, enter(wire, end));
    else skip(wire, tag, end);
  }
  // The scope, too, may come after its spans.
  wire.at = start;
  const scope = spanScope(resource, said.name, said.version, reader);
  const lacking = { calls: 0, bits: 0 };
  while (wire.at < end) {
    const tag = readTag(wire, end);
    if (tag === field(2, WireType.length)) takeSpan(request, enter(wire, end), scope, lacking);
    else skip(wire, tag, end);
  }
  if (lacking.calls > 0) {
    const names = reader.contract.required.filter((_, i) => (lacking.bits & (1 << i)) !== 0);
    request.lacking.push({ service: resource.service, calls: lacking.calls, names });
  }
}

/** Reads one span and writes its row, or counts it where it is unusable. */
function takeSpan(request: Request, end: number, scope: SpanScope, lacking: { calls: number; bits: number }): void {
  const { wire, reader, raw, starts } = request;
  reader.checkCount(starts.length + request.rejected + 1);
  const rowAt = reader.row.size();
  const { at } = wire;
  let kept = scope;
  if (!scanSpan(request, scope, end)) {
    wire.at = at;
    reader.row.moveTo(rowAt);
    kept = readOddSpan(request, scope, end);
  }
  if (raw.unusable !== null) {
    reader.row.moveTo(rowAt);
    request.rejected += 1;
    request.rejectedReason ||= raw.unusable;
    return;
  }
  starts.push(rowAt);
  const isCall = endRow(wire, raw, kept, reader);
  const absent = request.required & ~(reader.attributes.seen | scope.carried);
  if (!isCall || absent === 0) return;
  lacking.calls += 1;
  lacking.bits |= absent;
}

/** InstrumentationScope { 1: string name, 2: string version, 3: repeated KeyValue attributes } */
function readScope({ wire, reader }: Request, end: number): { name: string; version: string } {
  const scope = { name: '', version: '' };
  while (wire.at < end) {
    const tag = readTag(wire, end);
    if (tag === field(1, WireType.length)) scope.name = readText(wire, reader, end);
    else if (tag === field(2, WireType.length)) scope.version = readText(wire, reader, end);
    else skip(wire, tag, end);
  }
  return scope;
}

function readText(wire: Wire, reader: SpanReader, limit: number): string {
  const end = enter(wire, limit);
  const text = reader.textIn(wire, wire.at, end);
  wire.at = end;
  return text;
}
