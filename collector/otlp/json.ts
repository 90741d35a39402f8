import { isUtf8 } from 'node:buffer';
import { SpanKind, StatusCode } from '../../schemas/span.js';
import { MAX_DEPTH } from './any-value.js';
import type { DecodedRequest } from './decoded-request.js';
import { MalformedRequest } from './errors.js';
import type { Fields, JsonPlace } from './json-fields.js';
import {
  doubleIn,
  eachIn,
  eachItem,
  enumerated,
  fieldsIn,
  idIn,
  integerIn,
  nanosIn,
  pathOf,
  stringIn,
  wholeIn,
} from './json-fields.js';
import { checkJsonShape } from './json-shape.js';
import type { KnownKey } from './known-key.js';
import { decodeProtobuf } from './protobuf.js';
import type { Sender } from './sender.js';
import { ANY_SENDER } from './sender.js';
import type { SpanReader } from './span-reader.js';
import type { WireWriter } from './wire-writer.js';
import { createWireWriter } from './wire-writer.js';

/**
 * Decodes an `ExportTraceServiceRequest` in OTLP/JSON: ids in hex, 64-bit integers as strings or numbers, enums as
 * integers, unknown fields ignored.
 * https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 *
 * What is of use is written as protobuf and decoded as such, so that there is one way in which spans are understood.
 *
 * @throws MalformedRequest that names what is wrong and where; TooManySpans
 */
export function decodeJson(body: Uint8Array, reader: SpanReader, sender: Sender = ANY_SENDER): DecodedRequest {
  if (!isUtf8(body)) throw new MalformedRequest('The request is not UTF-8 text.');
  checkJsonShape(body);
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  return decodeJsonValue(parse(text), reader, sender);
}

/** Decodes a request that was parsed already. */
export function decodeJsonValue(value: unknown, reader: SpanReader, sender: Sender = ANY_SENDER): DecodedRequest {
  reader.begin();
  const wire = createWireWriter();
  const request: Request = { wire, reader, at: [] };
  eachIn(fieldsIn(value, request.at), 'resourceSpans', request.at, (one) => writeResourceSpans(request, one));
  return decodeProtobuf(wire.message(), reader, sender);
}

interface Request {
  readonly wire: WireWriter;
  readonly reader: SpanReader;
  /** What is being read, for messages. */
  readonly at: JsonPlace;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // The engine's message quotes the request, which may hold content: only the place is passed on.
    const place = error instanceof Error ? /at position \d+/.exec(error.message)?.[0] : undefined;
    throw new MalformedRequest(`The request is not valid JSON${place === undefined ? '' : ` ${place}`}.`);
  }
}

function writeResourceSpans(request: Request, resourceSpans: Fields): void {
  const { wire, at } = request;
  const mark = wire.open(1);
  within(request, resourceSpans, 'resource', (resource) => {
    const inner = wire.open(1);
    writeAttributes(request, resource, 1, ({ use, key }) => use === 'keep' || key === 'service.name');
    wire.close(inner);
  });
  eachIn(resourceSpans, 'scopeSpans', at, (scopeSpans) => {
    const inner = wire.open(2);
    within(request, scopeSpans, 'scope', (scope) => {
      const scopeMark = wire.open(1);
      wire.text(1, stringIn(scope, 'name', at));
      wire.text(2, stringIn(scope, 'version', at));
      wire.close(scopeMark);
    });
    eachIn(scopeSpans, 'spans', at, (span) => writeSpan(request, span));
    wire.close(inner);
  });
  wire.close(mark);
}

/** Looks into a field that may be missing. */
function within({ at }: Request, owner: Fields, key: string, look: (inner: Fields) => void): void {
  const value = owner[key];
  if (value === undefined || value === null) return;
  at.push(key);
  look(fieldsIn(value, at));
  at.pop();
}

function writeSpan(request: Request, span: Fields): void {
  const { wire, at } = request;
  const mark = wire.open(2);
  wire.bytes(1, idIn(span, 'traceId', at));
  wire.bytes(2, idIn(span, 'spanId', at));
  wire.bytes(4, idIn(span, 'parentSpanId', at));
  wire.text(3, stringIn(span, 'traceState', at));
  wire.text(5, stringIn(span, 'name', at));
  wire.uint(6, enumerated(span, 'kind', KINDS, at));
  wire.fixed64(7, nanosIn(span, 'startTimeUnixNano', at));
  wire.fixed64(8, nanosIn(span, 'endTimeUnixNano', at));
  writeAttributes(request, span, 9, ({ use }) => use !== 'skip');
  wire.uint(10, wholeIn(span, 'droppedAttributesCount', at));
  eachIn(span, 'links', at, (link) => {
    const inner = wire.open(13);
    wire.bytes(1, idIn(link, 'traceId', at));
    wire.bytes(2, idIn(link, 'spanId', at));
    writeAttributes(request, link, 4, ({ use }) => use === 'keep');
    wire.close(inner);
  });
  within(request, span, 'status', (status) => {
    const inner = wire.open(15);
    wire.uint(3, enumerated(status, 'code', CODES, at));
    wire.close(inner);
  });
  wire.fixed32(16, wholeIn(span, 'flags', at));
  wire.close(mark);
}

/** Writes those attributes that are wanted; the others are not looked at. */
function writeAttributes(request: Request, owner: Fields, field: number, isWanted: (known: KnownKey) => boolean): void {
  const { wire, reader, at } = request;
  eachIn(owner, 'attributes', at, (pair) => {
    const key = stringIn(pair, 'key', at);
    if (!isWanted(reader.keyNamed(key))) return;
    const mark = wire.open(field);
    wire.text(1, key);
    writeValue(request, pair['value'], 2, 0);
    wire.close(mark);
  });
}

/** Writes an AnyValue as a field: see `readAnyValue`. */
function writeValue(request: Request, value: unknown, field: number, depth: number): void {
  const { wire, at } = request;
  if (value === undefined || value === null) return;
  at.push('value');
  const said = fieldsIn(value, at);
  if (said['stringValue'] !== undefined) wire.textMessage(field, 1, stringIn(said, 'stringValue', at));
  else {
    const mark = wire.open(field);
    if (said['boolValue'] !== undefined) wire.uint(2, said['boolValue'] === true ? 1 : 0);
    else if (said['intValue'] !== undefined) wire.int64(3, integerIn(said, 'intValue', at));
    else if (said['doubleValue'] !== undefined) wire.double(4, doubleIn(said, 'doubleValue', at));
    else if (said['arrayValue'] !== undefined) writeList(request, said, 'arrayValue', 5, depth);
    else if (said['kvlistValue'] !== undefined) writeList(request, said, 'kvlistValue', 6, depth);
    wire.close(mark);
  }
  at.pop();
}

/** ArrayValue { 1: repeated AnyValue values }; KeyValueList { 1: repeated KeyValue values } */
function writeList(
  request: Request,
  said: Fields,
  key: 'arrayValue' | 'kvlistValue',
  field: number,
  depth: number,
): void {
  const { wire, at } = request;
  if (depth >= MAX_DEPTH) throw new MalformedRequest(`Values are nested over ${MAX_DEPTH} deep at ${pathOf(at)}.`);
  const mark = wire.open(field);
  within(request, said, key, (list) => {
    if (key === 'arrayValue') eachItem(list, 'values', at, (one) => writeValue(request, one ?? {}, 1, depth + 1));
    else {
      eachIn(list, 'values', at, (pair) => {
        const entry = wire.open(1);
        wire.text(1, stringIn(pair, 'key', at));
        writeValue(request, pair['value'], 2, depth + 1);
        wire.close(entry);
      });
    }
  });
  wire.close(mark);
}

const KINDS: Readonly<Record<string, number>> = {
  SPAN_KIND_UNSPECIFIED: SpanKind.unspecified,
  SPAN_KIND_INTERNAL: SpanKind.internal,
  SPAN_KIND_SERVER: SpanKind.server,
  SPAN_KIND_CLIENT: SpanKind.client,
  SPAN_KIND_PRODUCER: SpanKind.producer,
  SPAN_KIND_CONSUMER: SpanKind.consumer,
};

const CODES: Readonly<Record<string, number>> = {
  STATUS_CODE_UNSET: StatusCode.unset,
  STATUS_CODE_OK: StatusCode.ok,
  STATUS_CODE_ERROR: StatusCode.error,
};
