import type { CallReader } from '../../auditor/dialects/read-call.js';
import type { CallFacts, SpanLink } from '../../schemas/span.js';
import { SpanKind, StatusCode } from '../../schemas/span.js';
import { putBytes, putHex, putUint64 } from '../store/put-bytes.js';
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
  writeHead(row, view, raw);
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

/** So many bytes have the columns before the first that is a text of the request's own. */
const HEAD_BYTES = 10 + 2 * 8 + 32 + 16 + (1 + 16) + 4 + 2 + 4;

/** Writes the columns from `received_at` to `dropped_attributes_count`. */
function writeHead(row: RowWriter, view: DataView, raw: RawSpan): void {
  const target = row.reserve(HEAD_BYTES);
  let to = row.size();
  // `received_at` and `day` are not known before the insert: see `stampRows`.
  to = putUint64(target, to, 0);
  target.setUint16(to, 0);
  to = putUint64(target, to + 2, storableUs(raw.startUs));
  to = putUint64(target, to, storableUs(raw.endUs));
  to = putHex(target, to, view, raw.traceIdAt, raw.traceIdAt + TRACE_ID_BYTES);
  to = putHex(target, to, view, raw.spanIdAt, raw.spanIdAt + SPAN_ID_BYTES);
  const hasParent = isId(view, raw.parentIdAt, raw.parentIdBytes, SPAN_ID_BYTES);
  target.setUint8(to, hasParent ? 2 * SPAN_ID_BYTES : 0);
  to += 1;
  if (hasParent) to = putHex(target, to, view, raw.parentIdAt, raw.parentIdAt + SPAN_ID_BYTES);
  target.setUint32(to, raw.flags, true);
  // Numbers that OTLP does not know mean nothing, and must not be taken for others.
  target.setUint8(to + 4, raw.kind <= SpanKind.consumer ? raw.kind : SpanKind.unspecified);
  target.setUint8(to + 5, raw.status <= StatusCode.error ? raw.status : StatusCode.unset);
  target.setUint32(to + 6, raw.droppedAttributes, true);
  row.moveTo(to + 10);
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
 * What a span keeps: its own attributes, then those of its resource which it does not override. Where there are more
 * than can be kept the contract's keys come first, so that a flood of others cannot push them out; what we say of the
 * sender ourselves is always there.
 */
function writeKept(row: RowWriter, view: DataView, own: SpanAttributes, { resource, stamp }: SpanScope): void {
  const countAt = row.size();
  row.uint8(0);
  let kept = 0;
  if (own.count + resource.length <= MAX_KEPT_ATTRIBUTES) {
    kept = writeOwn(row, view, own, null, kept);
    kept = writeResource(row, own, resource, null, kept);
  } else {
    for (const isOfContract of [true, false]) {
      kept = writeOwn(row, view, own, isOfContract, kept);
      kept = writeResource(row, own, resource, isOfContract, kept);
    }
    own.leftOut += wantedOf(own, resource) - kept;
  }
  if (stamp !== null) {
    row.raw(stamp, 0, stamp.byteLength);
    kept += 1;
  }
  row.overwrite(countAt, kept);
}

/** How many attributes a span would keep, were there no limit. */
function wantedOf(own: SpanAttributes, resource: readonly ResourceAttribute[]): number {
  let wanted = 0;
  for (let i = 0; i < own.count; i += 1) if (own.keys[i]?.use === 'keep') wanted += 1;
  for (const { known } of resource) if (!hasAttribute(own, known)) wanted += 1;
  return wanted;
}

/** @param isOfContract null: both those of the contract and the others */
function writeOwn(
  row: RowWriter,
  view: DataView,
  own: SpanAttributes,
  isOfContract: boolean | null,
  before: number,
): number {
  const { keys, starts, ends, texts, count } = own;
  let kept = before;
  for (let i = 0; i < count && kept < MAX_KEPT_ATTRIBUTES; i += 1) {
    const known = keys[i];
    if (known?.use !== 'keep' || (isOfContract !== null && known.isContractKey !== isOfContract)) continue;
    kept += 1;
    const text = texts[i] ?? null;
    const start = starts[i] ?? 0;
    if (known.isShared && text === null) writePlain(row, known, view, start, keptEnd(known, view, start, ends[i] ?? 0));
    else {
      row.string(known.key);
      if (text === null) row.bytesAsString(view, start, keptEnd(known, view, start, ends[i] ?? 0));
      else row.string(keptText(known, text));
    }
  }
  return kept;
}

/** Writes the commonest attributes: of a key that was met before, and a value of under 128 bytes of ASCII. */
function writePlain(row: RowWriter, known: KnownKey, view: DataView, start: number, end: number): void {
  const target = row.reserve(known.rowLength + 1 + end - start);
  const to = putBytes(target, row.size(), known.row, 0, known.rowLength);
  target.setUint8(to, end - start);
  row.moveTo(putBytes(target, to + 1, view, start, end));
}

function writeResource(
  row: RowWriter,
  own: SpanAttributes,
  resource: readonly ResourceAttribute[],
  isOfContract: boolean | null,
  before: number,
): number {
  let kept = before;
  for (const { known, columns } of resource) {
    if (kept === MAX_KEPT_ATTRIBUTES) break;
    if ((isOfContract !== null && known.isContractKey !== isOfContract) || hasAttribute(own, known)) continue;
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
