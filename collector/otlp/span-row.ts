import type { CallReader } from '../../auditor/dialects/read-call.js';
import type { CallFacts, SpanLink } from '../../schemas/span.js';
import { SpanKind, StatusCode } from '../../schemas/span.js';
import type { RowWriter } from '../store/row-writer.js';
import { columnsOf } from '../store/row-writer.js';
import { storableUs, writeCall, writeLinks } from '../store/spans.js';
import type { KnownKey } from './known-key.js';
import { keptText } from './known-key.js';
import type { ResourceAttribute, SpanScope } from './span-scope.js';
import type { SpanAttributes } from './span-attributes.js';
import { clearFacts, fillFacts, hasAttribute } from './span-attributes.js';
import type { SpanReader } from './span-reader.js';
import type { Wire } from './wire.js';

/** A text of the request: ASCII bytes that stand there, or where `text` is not null, that. Cut to what may be kept. */
export interface TextPlace {
  start: number;
  end: number;
  text: string | null;
}

/** What the request says of one span: one object serves all spans. Ids and texts are places in the request. */
export interface RawSpan {
  traceIdAt: number;
  traceIdBytes: number;
  spanIdAt: number;
  spanIdBytes: number;
  parentIdAt: number;
  parentIdBytes: number;
  readonly traceState: TextPlace;
  readonly name: TextPlace;
  flags: number;
  kind: number;
  startUs: number;
  endUs: number;
  status: number;
  droppedAttributes: number;
  links: SpanLink[];
}

/** What an SDK sends at most by default. */
export const MAX_LINKS = 128;
/** So many attributes of a span are kept; their count is one byte in a row. */
const MAX_KEPT_ATTRIBUTES = 64;

export const TRACE_ID_BYTES = 16;
export const SPAN_ID_BYTES = 8;

export function createRawSpan(): RawSpan {
  return {
    traceIdAt: 0,
    traceIdBytes: 0,
    spanIdAt: 0,
    spanIdBytes: 0,
    parentIdAt: 0,
    parentIdBytes: 0,
    traceState: { start: 0, end: 0, text: null },
    name: { start: 0, end: 0, text: null },
    flags: 0,
    kind: 0,
    startUs: 0,
    endUs: 0,
    status: 0,
    droppedAttributes: 0,
    links: [],
  };
}

/** Makes it say nothing. */
export function clearRawSpan(raw: RawSpan): void {
  raw.traceIdBytes = 0;
  raw.spanIdBytes = 0;
  raw.parentIdBytes = 0;
  clearText(raw.traceState);
  clearText(raw.name);
  raw.flags = 0;
  raw.kind = 0;
  raw.startUs = 0;
  raw.endUs = 0;
  raw.status = 0;
  raw.droppedAttributes = 0;
  if (raw.links.length > 0) raw.links = [];
}

function clearText(place: TextPlace): void {
  place.start = 0;
  place.end = 0;
  place.text = null;
}

/** Why a span cannot be used; null where it can. */
export function unusable({ view, bytes }: Wire, raw: RawSpan): string | null {
  const shown = (at: number, length: number): string => bytes.toString('hex', at, at + Math.min(length, 32));
  if (!isId(view, raw.traceIdAt, raw.traceIdBytes, TRACE_ID_BYTES))
    return `trace id '${shown(raw.traceIdAt, raw.traceIdBytes)}' is not 16 bytes that are not all zero`;
  if (!isId(view, raw.spanIdAt, raw.spanIdBytes, SPAN_ID_BYTES))
    return `span id '${shown(raw.spanIdAt, raw.spanIdBytes)}' is not 8 bytes that are not all zero`;
  if (raw.parentIdBytes !== 0 && raw.parentIdBytes !== SPAN_ID_BYTES)
    return `parent span id '${shown(raw.parentIdAt, raw.parentIdBytes)}' is not 8 bytes`;
  return null;
}

export function isId(view: DataView, at: number, bytes: number, wanted: number): boolean {
  if (bytes !== wanted) return false;
  let bits = 0;
  for (let i = at; i < at + wanted; i += 4) bits |= view.getInt32(i, true);
  return bits !== 0;
}

/**
 * Writes the row of a span: reads the call off its attributes, and keeps those that can bear on attribution. The twin
 * of `writeSpan`, which writes the same row from a `Span`.
 *
 * @returns whether the span is a call
 */
export function writeSpanRow(wire: Wire, raw: RawSpan, scope: SpanScope, reader: SpanReader): boolean {
  const { row, attributes } = reader;
  const { view } = wire;
  // `received_at` and `day` are not known before the insert: see `stampRows`.
  row.dateTime64(0);
  row.date(0);
  row.dateTime64(storableUs(raw.startUs));
  row.dateTime64(storableUs(raw.endUs));
  row.hex(view, raw.traceIdAt, raw.traceIdAt + TRACE_ID_BYTES);
  row.hex(view, raw.spanIdAt, raw.spanIdAt + SPAN_ID_BYTES);
  if (isId(view, raw.parentIdAt, raw.parentIdBytes, SPAN_ID_BYTES)) {
    row.uint8(2 * SPAN_ID_BYTES);
    row.hex(view, raw.parentIdAt, raw.parentIdAt + SPAN_ID_BYTES);
  } else row.uint8(0);
  row.uint32(raw.flags);
  // Numbers that OTLP does not know mean nothing, and must not be taken for others.
  row.uint8(raw.kind <= SpanKind.consumer ? raw.kind : SpanKind.unspecified);
  row.uint8(raw.status <= StatusCode.error ? raw.status : StatusCode.unset);
  row.uint32(raw.droppedAttributes);
  writeText(row, view, raw.traceState);
  writeText(row, view, raw.name);
  row.raw(scope.columns, 0, scope.columns.byteLength);
  writeKept(row, view, attributes, scope);
  const call = attributes.isMarked ? callIn(wire, attributes, scope.readCall, reader) : null;
  if (raw.links.length === 0 && call === null) row.raw(NO_LINKS_NO_CALL, 0, NO_LINKS_NO_CALL.byteLength);
  else {
    writeLinks(row, raw.links);
    writeCall(row, call);
  }
  return call !== null;
}

/** The end of nearly every row. */
const NO_LINKS_NO_CALL = columnsOf((row) => {
  writeLinks(row, []);
  writeCall(row, null);
});

function callIn(wire: Wire, attributes: SpanAttributes, read: CallReader, reader: SpanReader): CallFacts | null {
  const call = read(fillFacts(attributes, wire, reader.textIn));
  clearFacts(attributes);
  return call;
}

/**
 * What a span keeps: its own attributes, then those of its resource which it does not override. The contract's keys
 * come first, so that a flood of others cannot push them out; what we say of the sender ourselves is always there.
 */
function writeKept(row: RowWriter, view: DataView, own: SpanAttributes, { resource, stamp }: SpanScope): void {
  const countAt = row.size();
  row.uint8(0);
  let kept = writeOwn(row, view, own, true, 0);
  kept = writeResource(row, own, resource, true, kept);
  kept = writeOwn(row, view, own, false, kept);
  kept = writeResource(row, own, resource, false, kept);
  if (stamp !== null) {
    row.raw(stamp, 0, stamp.byteLength);
    kept += 1;
  }
  row.overwrite(countAt, kept);
}

function writeOwn(row: RowWriter, view: DataView, own: SpanAttributes, isOfContract: boolean, before: number): number {
  const { keys, starts, ends, texts, count } = own;
  let kept = before;
  for (let i = 0; i < count && kept < MAX_KEPT_ATTRIBUTES; i += 1) {
    const known = keys[i];
    if (known?.isContractKey !== isOfContract || known.use !== 'keep') continue;
    if (known.isShared) row.raw(known.row, 0, known.row.byteLength);
    else row.string(known.key);
    const text = texts[i];
    if (text !== null && text !== undefined) row.string(keptText(known, text));
    else {
      const start = starts[i] ?? 0;
      row.bytesAsString(view, start, keptEnd(known, view, start, ends[i] ?? 0));
    }
    kept += 1;
  }
  return kept;
}

function writeResource(
  row: RowWriter,
  own: SpanAttributes,
  resource: readonly ResourceAttribute[],
  isOfContract: boolean,
  before: number,
): number {
  let kept = before;
  for (const { known, columns } of resource) {
    if (kept === MAX_KEPT_ATTRIBUTES) break;
    if (known.isContractKey !== isOfContract || hasAttribute(own, known)) continue;
    row.raw(columns, 0, columns.byteLength);
    kept += 1;
  }
  return kept;
}

/** Where the kept part of a value ends whose ASCII bytes stand in a request: see `keptText`. */
function keptEnd({ isPath, maxKeptLength }: KnownKey, view: DataView, start: number, end: number): number {
  const cut = Math.min(end, start + maxKeptLength);
  if (!isPath) return cut;
  for (let at = start; at < cut; at += 1) {
    const byte = view.getUint8(at);
    if (byte === QUESTION_MARK || byte === HASH) return at;
  }
  return cut;
}

const QUESTION_MARK = 0x3f;
const HASH = 0x23;

function writeText(row: RowWriter, view: DataView, { start, end, text }: TextPlace): void {
  if (text === null) row.bytesAsString(view, start, end);
  else row.string(text);
}
