import { isUtf8 } from 'node:buffer';
import { SpanKind, StatusCode } from '../../schemas/span.js';
import type { Span, SpanLink } from '../../schemas/span.js';
import { MAX_DEPTH } from './any-value.js';
import { MalformedRequest } from './errors.js';
import type { DecodedRequest, RawSpan, ScopeContext, SpanReader } from './span-reader.js';
import { checkJsonShape } from './json-shape.js';
import { clearAttributes, keepAttribute, setAttribute } from './span-attributes.js';
import { toSpan, UNKNOWN_SERVICE, unusable } from './span-reader.js';
import { cutText, MAX_VALUE_LENGTH } from './text.js';

type Fields = Readonly<Record<string, unknown>>;

/**
 * Decodes an `ExportTraceServiceRequest` in OTLP/JSON: ids in hex, 64-bit integers as strings or numbers, enums as
 * integers, unknown fields ignored.
 * https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 *
 * @throws MalformedRequest that names what is wrong and where; TooManySpans
 */
export function decodeJson(body: Uint8Array, reader: SpanReader): DecodedRequest {
  if (!isUtf8(body)) throw new MalformedRequest('The request is not UTF-8 text.');
  checkJsonShape(body);
  return decodeJsonValue(parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')), reader);
}

/** Decodes a request that was parsed already. */
export function decodeJsonValue(request: unknown, reader: SpanReader): DecodedRequest {
  reader.begin();
  const spans: Span[] = [];
  let rejected = 0;
  let rejectedReason = '';
  for (const [resourceSpans, at] of list(fields(request, 'The request'), 'resourceSpans', 'resourceSpans')) {
    const resource = readResource(resourceSpans['resource'], reader, at);
    for (const [scopeSpans, scopeAt] of list(resourceSpans, 'scopeSpans', `${at}.scopeSpans`)) {
      const scope = { ...resource, ...readScope(scopeSpans['scope'], scopeAt) };
      for (const [span, spanAt] of list(scopeSpans, 'spans', `${scopeAt}.spans`)) {
        reader.checkCount(spans.length + rejected + 1);
        const raw = readSpan(span, reader, spanAt);
        const reason = unusable(raw);
        if (reason === null) spans.push(toSpan(raw, scope, reader));
        else {
          rejected += 1;
          rejectedReason ||= reason;
        }
      }
    }
  }
  return { spans, rejected, rejectedReason };
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

function readResource(resource: unknown, reader: SpanReader, at: string): Pick<ScopeContext, 'service' | 'resource'> {
  const kept: string[] = [];
  let service = '';
  if (resource === undefined || resource === null) return { service: UNKNOWN_SERVICE, resource: kept };
  eachAttribute(fields(resource, `${at}.resource`), `${at}.resource`, (key, value, where) => {
    const known = reader.keyNamed(key);
    if (key === 'service.name') service = textOf(value, where, known.maxLength);
    if (known.use === 'keep') keepAttribute(kept, known, textOf(value, where, known.maxLength));
  });
  return { service: service || UNKNOWN_SERVICE, resource: kept };
}

function readScope(scope: unknown, at: string): Pick<ScopeContext, 'scopeName' | 'scopeVersion'> {
  if (scope === undefined || scope === null) return { scopeName: '', scopeVersion: '' };
  const said = fields(scope, `${at}.scope`);
  return {
    scopeName: cutText(string(said, 'name', `${at}.scope`), MAX_VALUE_LENGTH),
    scopeVersion: cutText(string(said, 'version', `${at}.scope`), MAX_VALUE_LENGTH),
  };
}

function readSpan(span: Fields, reader: SpanReader, at: string): RawSpan {
  const { attributes } = reader;
  clearAttributes(attributes);
  eachAttribute(span, at, (key, value, where) => {
    const known = reader.keyNamed(key);
    if (known.use !== 'skip') setAttribute(attributes, known, textOf(value, where, known.maxLength));
  });
  const status = span['status'];
  return {
    traceId: string(span, 'traceId', at).toLowerCase(),
    spanId: string(span, 'spanId', at).toLowerCase(),
    parentSpanId: string(span, 'parentSpanId', at).toLowerCase(),
    traceState: cutText(string(span, 'traceState', at), MAX_VALUE_LENGTH),
    flags: whole(span, 'flags', at),
    name: cutText(string(span, 'name', at), MAX_VALUE_LENGTH),
    kind: enumerated(span, 'kind', KINDS, at),
    startUs: micros(span, 'startTimeUnixNano', at),
    endUs: micros(span, 'endTimeUnixNano', at),
    status:
      status === undefined || status === null
        ? 0
        : enumerated(fields(status, `${at}.status`), 'code', CODES, `${at}.status`),
    droppedAttributes: whole(span, 'droppedAttributesCount', at),
    attributes,
    links: [...list(span, 'links', `${at}.links`)].map(([link, where]) => readLink(link, reader, where)),
  };
}

function readLink(link: Fields, reader: SpanReader, at: string): SpanLink {
  const attributes: string[] = [];
  eachAttribute(link, at, (key, value, where) => {
    const known = reader.keyNamed(key);
    if (known.use === 'keep') keepAttribute(attributes, known, textOf(value, where, known.maxLength));
  });
  return {
    traceId: string(link, 'traceId', at).toLowerCase(),
    spanId: string(link, 'spanId', at).toLowerCase(),
    attributes,
  };
}

function eachAttribute(owner: Fields, at: string, take: (key: string, value: unknown, at: string) => void): void {
  for (const [pair, where] of list(owner, 'attributes', `${at}.attributes`))
    take(string(pair, 'key', where), pair['value'], where);
}

/** The text that is kept of an AnyValue; see `readAnyValue`, its twin on the wire. */
function textOf(value: unknown, at: string, maxLength: number): string {
  const plain = plainOf(value, at, 0);
  if (plain === null) return '';
  const text = typeof plain === 'object' ? JSON.stringify(plain) : String(plain);
  return cutText(text, maxLength);
}

type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain };

function plainOf(value: unknown, at: string, depth: number): Plain {
  if (value === undefined || value === null) return null;
  if (depth > MAX_DEPTH) throw new MalformedRequest(`Values are nested over ${MAX_DEPTH} deep at ${at}.`);
  const said = fields(value, `${at}.value`);
  if (said['stringValue'] !== undefined) return string(said, 'stringValue', at);
  if (said['boolValue'] !== undefined) return said['boolValue'] === true;
  if (said['intValue'] !== undefined) return integer(said['intValue'], at, depth);
  if (said['doubleValue'] !== undefined) return double(said['doubleValue'], at);
  if (said['arrayValue'] !== undefined) {
    return [...items(fields(said['arrayValue'], at), 'values', at)].map(([one]) => plainOf(one, at, depth + 1));
  }
  if (said['kvlistValue'] !== undefined) {
    const entries = [...list(fields(said['kvlistValue'], at), 'values', at)];
    return Object.fromEntries(entries.map(([one]) => [string(one, 'key', at), plainOf(one['value'], at, depth + 1)]));
  }
  return null;
}

/** Inside an array a number stays one as long as it is exact; at the top all becomes text anyway. */
function integer(value: unknown, at: string, depth: number): string | number {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || !/^-?\d{1,20}$/.test(text))
    throw new MalformedRequest(`${shown(value)} at ${at} is no 64-bit integer.`);
  const exact = BigInt(text);
  if (exact !== BigInt.asIntN(64, exact)) throw new MalformedRequest(`${text} at ${at} is over 64 bits.`);
  if (depth > 0 && Number.isSafeInteger(Number(exact))) return Number(exact);
  return exact.toString();
}

function double(value: unknown, at: string): number {
  const number = typeof value === 'number' ? value : Number(value);
  if (typeof value === 'number' || value === 'NaN' || !Number.isNaN(number)) return number;
  throw new MalformedRequest(`${shown(value)} at ${at} is no number.`);
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

/** The specification wants integers; names are what some senders write all the same. */
function enumerated(owner: Fields, key: string, names: Readonly<Record<string, number>>, at: string): number {
  const value = owner[key];
  return typeof value === 'string' && Object.hasOwn(names, value) ? (names[value] ?? 0) : whole(owner, key, at);
}

function whole(owner: Fields, key: string, at: string): number {
  const value = owner[key] ?? 0;
  const number = typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number < 2 ** 32) return number;
  throw new MalformedRequest(`${shown(value)} at ${at}.${key} is no whole number of 32 bits.`);
}

/** Nanoseconds as whole microseconds. A number past 2^53 has lost its last digits to JSON, but not microseconds. */
function micros(owner: Fields, key: string, at: string): number {
  const value = owner[key] ?? 0;
  const digits = typeof value === 'number' && Number.isInteger(value) ? BigInt(value).toString() : value;
  if (typeof digits !== 'string' || !/^\d{1,20}$/.test(digits))
    throw new MalformedRequest(`${shown(value)} at ${at}.${key} is no time in nanoseconds.`);
  return Number(BigInt.asUintN(64, BigInt(digits)) / 1_000n);
}

function string(owner: Fields, key: string, at: string): string {
  const value = owner[key] ?? '';
  if (typeof value !== 'string') throw new MalformedRequest(`${at}.${key} is not a string.`);
  return value;
}

function* list(owner: Fields, key: string, at: string): Iterable<[Fields, string]> {
  for (const [one, where] of items(owner, key, at)) yield [fields(one, where), where];
}

function* items(owner: Fields, key: string, at: string): Iterable<[unknown, string]> {
  const value = owner[key] ?? [];
  if (!Array.isArray(value)) throw new MalformedRequest(`${at} is not a list.`);
  for (const [i, one] of value.entries()) yield [one, `${at}[${i}]`];
}

function fields(value: unknown, at: string): Fields {
  if (!isFields(value)) throw new MalformedRequest(`${at} is not an object.`);
  return value;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as it may stand in a message. */
function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 40);
}
