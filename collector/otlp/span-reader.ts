import type { Buffer } from 'node:buffer';
import { isUtf8 } from 'node:buffer';
import type { CompiledContract } from '../../auditor/contract.js';
import { isContentKey } from '../../auditor/dialects/content-keys.js';
import { keptKeys } from '../../auditor/dialects/kept-keys.js';
import type { CallReader } from '../../auditor/dialects/read-call.js';
import { callReaderFor, factKeys, factValuesOf, jsonFactKeys } from '../../auditor/dialects/read-call.js';
import { SIGNATURE_KEY } from '../../schemas/signature.js';
import type { Attributes, Span, SpanLink } from '../../schemas/span.js';
import { SpanKind, StatusCode } from '../../schemas/span.js';
import { MalformedRequest, TooManySpans } from './errors.js';

/** What becomes of an attribute: passed over unread, read to understand the call, or kept on the span. */
export type KeyUse = 'skip' | 'read' | 'keep';

/** An attribute key, with what becomes of its value. */
export interface KnownKey {
  readonly key: string;
  readonly use: KeyUse;
  /** UTF-16 units after which its value is cut. */
  readonly maxLength: number;
}

/** What decoding needs to know of the contract, and what it remembers between requests. All of it is bounded. */
export interface SpanReader {
  /** The key that stands in these bytes. @throws MalformedRequest where they are no UTF-8 */
  readonly keyIn: (bytes: Buffer, start: number, end: number) => KnownKey;
  readonly keyNamed: (key: string) => KnownKey;
  /** The text that stands in these bytes. @throws MalformedRequest where they are no UTF-8 */
  readonly textIn: (bytes: Buffer, start: number, end: number) => string;
  readonly isContractKey: (key: string) => boolean;
  /** Whether a key counts however many others a span has: one of the contract, or one that tells of a call. */
  readonly isNeeded: (key: string) => boolean;
  /** Reads calls off the spans of an instrumentation scope. */
  readonly callReader: (scopeName: string, scopeVersion: string) => CallReader;
  /** Counts the spans of a request. @throws TooManySpans */
  readonly checkCount: (spans: number) => void;
}

/** What every wire format says of a span, before it is understood. */
export interface RawSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly flags: number;
  readonly name: string;
  readonly kind: number;
  readonly startUs: number;
  readonly endUs: number;
  readonly status: number;
  readonly droppedAttributes: number;
  /** What was read or kept, alternating keys and values. */
  readonly attributes: string[];
  readonly links: readonly SpanLink[];
}

/** What the spans of one scope have in common. */
export interface ScopeContext {
  readonly service: string;
  /** The kept attributes of the resource. */
  readonly resource: Attributes;
  readonly scopeName: string;
  readonly scopeVersion: string;
}

/** The spans of a request, and how many of them were unusable. */
export interface DecodedRequest {
  readonly spans: Span[];
  readonly rejected: number;
  /** Why the first of them was; empty where none was. */
  readonly rejectedReason: string;
}

/** A value may say that it is too long, but need not be kept whole for that. */
export const MAX_VALUE_LENGTH = 1_024;
/** JSON or a signature that is cut says nothing, so these may be longer. */
const MAX_JSON_LENGTH = 16_384;
const MAX_KEPT_ATTRIBUTES = 64;
/** So many attributes of one span are looked through, beside those that are needed: a flood must not take the day. */
const MAX_READ_ATTRIBUTES = 96;
/** A contract's keys have at most so many characters; longer ones are neither wanted nor remembered. */
const MAX_KEY_LENGTH = 256;
/** What an SDK sends at most by default. */
const MAX_LINKS = 128;
const SCOPE_LIMIT = 1_024;
/** Longer strings than this are rarely repeated. */
const INTERNED_LENGTH = 64;
const INTERNED_SLOTS = 1 << 14;
const KEY_LIMIT = 4_096;

const LONG_KEY: KnownKey = { key: '', use: 'skip', maxLength: MAX_VALUE_LENGTH };

/**
 * Creates a reader for one contract.
 *
 * @param limits `maxSpans`: spans that one request may hold
 */
export function createSpanReader(contract: CompiledContract, { maxSpans = Infinity } = {}): SpanReader {
  const keys = new Map<string, KnownKey>();
  const readers = new Map<string, CallReader>();
  let last = { name: '', version: '', read: callReaderFor('', '') };
  const textIn = createInterner();
  const isKept = keptKeys(contract);
  const isContractKey = (key: string): boolean => contract.attributeByKey.has(key) || key === SIGNATURE_KEY;

  function keyNamed(key: string): KnownKey {
    const known = keys.get(key);
    if (known !== undefined) return known;
    if (key.length > MAX_KEY_LENGTH) return LONG_KEY;
    const use: KeyUse = isKept(key) ? 'keep' : factKeys.has(key) && !isContentKey(key) ? 'read' : 'skip';
    const made = {
      key,
      use,
      maxLength: jsonFactKeys.has(key) || key === SIGNATURE_KEY ? MAX_JSON_LENGTH : MAX_VALUE_LENGTH,
    };
    // A sender that makes up keys without end only makes the others' keys be judged again.
    if (keys.size >= KEY_LIMIT) keys.clear();
    keys.set(key, made);
    return made;
  }

  function callReader(scopeName: string, scopeVersion: string): CallReader {
    // Spans come scope by scope: most ask for the one that was asked for last.
    if (scopeName === last.name && scopeVersion === last.version) return last.read;
    const scope = JSON.stringify([scopeName, scopeVersion]);
    let read = readers.get(scope);
    if (read === undefined) {
      read = callReaderFor(scopeName, scopeVersion);
      if (readers.size >= SCOPE_LIMIT) readers.clear();
      readers.set(scope, read);
    }
    last = { name: scopeName, version: scopeVersion, read };
    return read;
  }

  function checkCount(spans: number): void {
    if (spans > maxSpans) {
      throw new TooManySpans(`A request may hold ${maxSpans} spans, and this one holds more. Send smaller ones.`);
    }
  }

  return {
    keyNamed,
    callReader,
    checkCount,
    isNeeded: (key) => isContractKey(key) || factKeys.has(key),
    keyIn: (bytes, start, end) => keyNamed(textIn(bytes, start, end)),
    textIn,
    isContractKey,
  };
}

/** Turns bytes into strings and gives the same string object for the same short ASCII bytes. */
function createInterner(): SpanReader['textIn'] {
  const slots: (string | undefined)[] = Array.from({ length: INTERNED_SLOTS });
  return (bytes, start, end) => {
    const length = end - start;
    if (length === 0) return '';
    if (length > INTERNED_LENGTH) return decodeText(bytes, start, end, MAX_VALUE_LENGTH);
    let hash = length;
    for (let i = start; i < end; i += 1) hash = (Math.imul(hash, 31) + (bytes[i] ?? 0)) | 0;
    const slot = (hash ^ (hash >>> 15)) & (INTERNED_SLOTS - 1);
    const known = slots[slot];
    if (known !== undefined && known.length === length && isSame(known, bytes, start)) return known;
    const text = decodeText(bytes, start, end, MAX_VALUE_LENGTH);
    slots[slot] = text;
    return text;
  };
}

/** Compares an ASCII string with bytes; a string that is not ASCII is never the same. */
function isSame(text: string, bytes: Buffer, start: number): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code >= 0x80 || code !== bytes[start + i]) return false;
  }
  return true;
}

/**
 * Decodes UTF-8 and cuts it to so many UTF-16 units.
 *
 * @throws MalformedRequest where the bytes, also those past the cut, are not UTF-8
 */
export function decodeText(bytes: Buffer, start: number, end: number, maxLength: number): string {
  // No UTF-16 unit takes more than three bytes; what becomes of a character that is split lies past the cut.
  const enough = Math.min(end, start + 3 * maxLength + 4);
  const text = bytes.toString('utf8', start, enough);
  // Invalid bytes decode to U+FFFD, which may also stand there by right.
  if ((enough < end || text.includes('\uFFFD')) && !isUtf8(bytes.subarray(start, end))) {
    throw new MalformedRequest(`A string at byte ${start} is not valid UTF-8.`);
  }
  return cutText(text, maxLength);
}

/** Cuts a text to so many UTF-16 units, or one less where that would split a character. */
export function cutText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const last = text.charCodeAt(maxLength - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? maxLength - 1 : maxLength);
}

/** Sets an attribute; of a key that occurs twice the last value counts, as in a map. */
export function setAttribute(attributes: string[], key: string, value: string, reader: SpanReader): void {
  for (let i = 0; i < attributes.length; i += 2) {
    if (attributes[i] !== key) continue;
    attributes[i + 1] = value;
    return;
  }
  if (attributes.length < 2 * MAX_READ_ATTRIBUTES || reader.isNeeded(key)) attributes.push(key, value);
}

const TRACE_ID = /^[0-9a-f]{32}$/;
const SPAN_ID = /^[0-9a-f]{16}$/;
const ZERO = /^0+$/;
const NO_SPAN_ID = '0'.repeat(16);

/** Why a span cannot be used; null where it can. */
export function unusable({ traceId, spanId, parentSpanId }: RawSpan): string | null {
  if (!TRACE_ID.test(traceId) || ZERO.test(traceId))
    return `trace id '${traceId.slice(0, 64)}' is not 16 bytes that are not all zero`;
  if (!SPAN_ID.test(spanId) || ZERO.test(spanId))
    return `span id '${spanId.slice(0, 64)}' is not 8 bytes that are not all zero`;
  if (parentSpanId !== '' && !SPAN_ID.test(parentSpanId))
    return `parent span id '${parentSpanId.slice(0, 64)}' is not 8 bytes`;
  return null;
}

/** Understands a span: reads the call off its attributes and keeps those that can bear on attribution. */
export function toSpan(raw: RawSpan, scope: ScopeContext, reader: SpanReader): Span {
  const { parentSpanId, kind, status, links, attributes: read } = raw;
  // Field by field: copying the rest of an object takes longer than decoding a span.
  return {
    traceId: raw.traceId,
    spanId: raw.spanId,
    parentSpanId: parentSpanId === '' || parentSpanId === NO_SPAN_ID ? null : parentSpanId,
    traceState: raw.traceState,
    flags: raw.flags,
    service: scope.service,
    scopeName: scope.scopeName,
    scopeVersion: scope.scopeVersion,
    name: raw.name,
    // Numbers that OTLP does not know mean nothing, and must not be taken for others by the store.
    kind: kind <= SpanKind.consumer ? kind : SpanKind.unspecified,
    startUs: raw.startUs,
    endUs: raw.endUs,
    status: status <= StatusCode.error ? status : StatusCode.unset,
    droppedAttributes: raw.droppedAttributes,
    attributes: keptOf(read, scope.resource, reader),
    links: links.length === 0 ? links : links.filter(isUsable).slice(0, MAX_LINKS),
    call: reader.callReader(scope.scopeName, scope.scopeVersion)(factValuesOf(read)),
  };
}

function keptOf(read: readonly string[], resource: Attributes, reader: SpanReader): string[] {
  const kept: string[] = [];
  const keep = (from: Attributes, wanted: (key: string) => boolean): void => {
    for (let i = 0; i < from.length && kept.length < 2 * MAX_KEPT_ATTRIBUTES; i += 2) {
      const key = from[i] ?? '';
      if (wanted(key)) kept.push(key, keptValue(key, from[i + 1] ?? ''));
    }
  };
  const isNew = (key: string): boolean => {
    for (let i = 0; i < kept.length; i += 2) if (kept[i] === key) return false;
    return true;
  };
  // The contract's keys come first, so that a flood of others cannot push them out.
  keep(read, reader.isContractKey);
  keep(resource, (key) => reader.isContractKey(key) && isNew(key));
  keep(read, (key) => reader.keyNamed(key).use === 'keep' && !reader.isContractKey(key));
  keep(resource, (key) => !reader.isContractKey(key) && isNew(key));
  return kept;
}

function keptValue(key: string, value: string): string {
  // A query may hold secrets.
  const path = key === 'http.target' || key === 'url.path' ? value.replace(/[?#].*$/s, '') : value;
  return cutText(path, key === SIGNATURE_KEY ? MAX_JSON_LENGTH : MAX_VALUE_LENGTH);
}

function isUsable({ traceId, spanId }: SpanLink): boolean {
  return TRACE_ID.test(traceId) && !ZERO.test(traceId) && SPAN_ID.test(spanId) && !ZERO.test(spanId);
}

/** The name of a service that does not say its own, as the resource conventions have it. */
export const UNKNOWN_SERVICE = 'unknown_service';
