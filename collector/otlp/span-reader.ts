import type { CompiledContract } from '../../auditor/contract.js';
import { isContentKey } from '../../auditor/dialects/content-keys.js';
import { keptKeys } from '../../auditor/dialects/kept-keys.js';
import type { CallReader } from '../../auditor/dialects/read-call.js';
import { factKeys, jsonFactKeys } from '../../auditor/dialects/places.js';
import { callReaderFor } from '../../auditor/dialects/read-call.js';
import { SIGNATURE_KEY } from '../../schemas/signature.js';
import type { Attributes, Span, SpanLink } from '../../schemas/span.js';
import { SpanKind, StatusCode } from '../../schemas/span.js';
import { TooManySpans } from './errors.js';
import { createInternTable } from './intern.js';
import type { KnownKey, SpanAttributes } from './span-attributes.js';
import { createSpanAttributes, keptOf } from './span-attributes.js';
import { decodeText, MAX_VALUE_LENGTH } from './text.js';
import type { Wire } from './wire.js';

/** What decoding needs to know of the contract, and what it remembers between requests. All of it is bounded. */
export interface SpanReader {
  /** Begins a request: only here is anything forgotten. */
  readonly begin: () => void;
  /** The key that stands in these bytes. @throws MalformedRequest where they are no UTF-8 */
  readonly keyIn: (wire: Wire, start: number, end: number) => KnownKey;
  readonly keyNamed: (key: string) => KnownKey;
  /** The text that stands in these bytes. @throws MalformedRequest where they are no UTF-8 */
  readonly textIn: (wire: Wire, start: number, end: number) => string;
  /** The bytes of an id, in lower-case hex digits. */
  readonly idIn: (wire: Wire, start: number, end: number) => string;
  /** Where the attributes of the span that is being read gather. */
  readonly attributes: SpanAttributes;
  readonly isContractKey: (key: string) => boolean;
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
  /** What was read or kept: valid until the next span is read. */
  readonly attributes: SpanAttributes;
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

/** JSON or a signature that is cut says nothing, so these may be longer. */
const MAX_JSON_LENGTH = 16_384;
/** A contract's keys have at most so many characters; longer ones are neither wanted nor remembered. */
const MAX_KEY_LENGTH = 256;
/** What an SDK sends at most by default. */
const MAX_LINKS = 128;
const SCOPE_LIMIT = 1_024;
const KEY_LIMIT = 4_096;
const KEY_TABLE_BITS = 12;
const TEXT_TABLE_BITS = 14;
const ID_TABLE_BITS = 12;

const LONG_KEY: KnownKey = {
  key: '',
  use: 'skip',
  maxLength: MAX_VALUE_LENGTH,
  slot: -1,
  isContractKey: false,
  isNeeded: false,
  isShared: true,
};

/**
 * Creates a reader for one contract.
 *
 * @param limits `maxSpans`: spans that one request may hold
 */
export function createSpanReader(contract: CompiledContract, { maxSpans = Infinity } = {}): SpanReader {
  const keys = new Map<string, KnownKey>();
  const readers = new Map<string, CallReader>();
  let last = { name: '', version: '', read: callReaderFor('', '') };
  const isKept = keptKeys(contract);
  const isContractKey = (key: string): boolean => contract.attributeByKey.has(key) || key === SIGNATURE_KEY;
  const texts = createInternTable(TEXT_TABLE_BITS, (wire, start, end) =>
    decodeText(wire.bytes, start, end, MAX_VALUE_LENGTH),
  );
  // A trace's id is that of its other spans, and a parent's that of a span not far away.
  const ids = createInternTable(ID_TABLE_BITS, hexOf);
  const keysByBytes = createInternTable(KEY_TABLE_BITS, (wire, start, end) =>
    keyNamed(decodeText(wire.bytes, start, end, MAX_VALUE_LENGTH)),
  );

  function keyNamed(key: string): KnownKey {
    const known = keys.get(key);
    if (known !== undefined) return known;
    if (key.length > MAX_KEY_LENGTH) return LONG_KEY;
    const isShared = keys.size < KEY_LIMIT;
    const made: KnownKey = {
      key,
      use: isKept(key) ? 'keep' : factKeys.has(key) && !isContentKey(key) ? 'read' : 'skip',
      maxLength: jsonFactKeys.has(key) || key === SIGNATURE_KEY ? MAX_JSON_LENGTH : MAX_VALUE_LENGTH,
      slot: factKeys.get(key) ?? -1,
      isContractKey: isContractKey(key),
      isNeeded: isContractKey(key) || factKeys.has(key),
      isShared,
    };
    if (isShared) keys.set(key, made);
    return made;
  }

  /** A sender that makes up keys without end only makes the others' keys be judged again. */
  function begin(): void {
    if (keys.size < KEY_LIMIT) return;
    keys.clear();
    keysByBytes.forget();
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
    begin,
    keyIn: keysByBytes.at,
    keyNamed,
    textIn: texts.at,
    idIn: ids.at,
    attributes: createSpanAttributes(factKeys.size),
    isContractKey,
    callReader,
    checkCount,
  };
}

/** Ids are longer than the valid ones only by mistake: enough is read to see that, and no more. */
function hexOf(wire: Wire, start: number, end: number): string {
  return wire.bytes.toString('hex', start, Math.min(end, start + 33));
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
  const { parentSpanId, kind, status, links, attributes } = raw;
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
    attributes: keptOf(attributes, scope.resource, reader.isContractKey),
    links: links.length === 0 ? links : links.filter(isUsable).slice(0, MAX_LINKS),
    call: reader.callReader(scope.scopeName, scope.scopeVersion)(attributes.facts),
  };
}

function isUsable({ traceId, spanId }: SpanLink): boolean {
  return TRACE_ID.test(traceId) && !ZERO.test(traceId) && SPAN_ID.test(spanId) && !ZERO.test(spanId);
}

/** The name of a service that does not say its own, as the resource conventions have it. */
export const UNKNOWN_SERVICE = 'unknown_service';
