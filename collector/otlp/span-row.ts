import type { CallReader } from '../../auditor/dialects/read-call.js';
import type { CallFacts, SpanLink } from '../../schemas/span.js';
import { SpanKind, StatusCode } from '../../schemas/span.js';
import { putHex, putUint64 } from '../store/put-bytes.js';
import type { RowWriter } from '../store/row-writer.js';
import { columnsOf } from '../store/row-writer.js';
import { storableUs, writeCall, writeLinks } from '../store/spans.js';
import { MARK_BIT } from './known-key.js';
import type { SpanAttributes } from './span-attributes.js';
import { clearFacts, fillFacts } from './span-attributes.js';
import type { SpanReader } from './span-reader.js';
import type { SpanScope } from './span-scope.js';
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
  /** Why it cannot be used; null: it can. */
  unusable: string | null;
  /** Where its row begins, and in it the columns from `flags` on and the count of its attributes. */
  rowAt: number;
  flagsAt: number;
  countAt: number;
}

/** What an SDK sends at most by default. */
export const MAX_LINKS = 128;
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
    unusable: null,
    rowAt: 0,
    flagsAt: 0,
    countAt: 0,
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

/** The columns `received_at`, `day`, `start_time` and `end_time`. */
const TIMES_BYTES = 8 + 2 + 8 + 8;
/** The columns `trace_id`, `span_id` and `parent_span_id`, at most. */
const IDS_BYTES = 32 + 16 + 1 + 16;
/** The columns `flags`, `kind`, `status` and `dropped_attributes`. */
const FLAGS_BYTES = 4 + 1 + 1 + 4;

/**
 * Begins the row of a span, whose own attributes come next: writes what stands before them and has no fixed length. With
 * `endRow` the twin of `writeSpan`, which writes the same row from a `Span`.
 */
export function beginRow(wire: Wire, raw: RawSpan, scope: SpanScope, { row }: SpanReader): void {
  const { view } = wire;
  raw.unusable = unusable(wire, raw) ?? scope.refusal;
  raw.rowAt = row.size();
  if (raw.unusable === null) writeIds(row, view, raw);
  writeText(row, view, raw.traceState);
  writeText(row, view, raw.name);
  row.raw(scope.columns, 0, scope.columns.byteLength);
  raw.countAt = row.size();
  row.uint8(0);
}

function writeIds(row: RowWriter, view: DataView, raw: RawSpan): void {
  const target = row.reserve(TIMES_BYTES + IDS_BYTES + FLAGS_BYTES);
  let to = raw.rowAt + TIMES_BYTES;
  to = putHex(target, to, view, raw.traceIdAt, raw.traceIdAt + TRACE_ID_BYTES);
  to = putHex(target, to, view, raw.spanIdAt, raw.spanIdAt + SPAN_ID_BYTES);
  const hasParent = isId(view, raw.parentIdAt, raw.parentIdBytes, SPAN_ID_BYTES);
  target.setUint8(to, hasParent ? 2 * SPAN_ID_BYTES : 0);
  to += 1;
  if (hasParent) to = putHex(target, to, view, raw.parentIdAt, raw.parentIdAt + SPAN_ID_BYTES);
  raw.flagsAt = to;
  row.moveTo(to + FLAGS_BYTES);
}

/**
 * Ends the row of a span: adds the attributes of its resource which it does not override and what we say of its sender
 * ourselves, then the call that its attributes tell of.
 *
 * @returns whether the span is a call
 */
export function endRow(
  wire: Wire,
  raw: RawSpan,
  { resource, stamp, readCall }: SpanScope,
  reader: SpanReader,
): boolean {
  const { row, attributes } = reader;
  let { kept } = attributes;
  for (const { known, columns } of resource) {
    if (known.setIn === attributes.serial) continue;
    row.raw(columns, 0, columns.byteLength);
    kept += 1;
  }
  if (stamp !== null) {
    row.raw(stamp, 0, stamp.byteLength);
    kept += 1;
  }
  row.overwrite(raw.countAt, kept);
  writeNumbers(row.reserve(0), raw);
  const call = (attributes.seen & MARK_BIT) === 0 ? null : callIn(wire, attributes, readCall, reader);
  if (raw.links.length === 0 && call === null) row.raw(NO_LINKS_NO_CALL, 0, NO_LINKS_NO_CALL.byteLength);
  else {
    writeLinks(row, raw.links);
    writeCall(row, call);
  }
  return call !== null;
}

/** Writes the columns of a fixed length that may come after the attributes in a request. */
function writeNumbers(target: DataView, raw: RawSpan): void {
  // `received_at` and `day` are not known before the insert: see `stampRows`.
  let to = putUint64(target, raw.rowAt, 0);
  target.setUint16(to, 0);
  to = putUint64(target, to + 2, storableUs(raw.startUs));
  putUint64(target, to, storableUs(raw.endUs));
  target.setUint32(raw.flagsAt, raw.flags, true);
  // Numbers that OTLP does not know mean nothing, and must not be taken for others.
  target.setUint8(raw.flagsAt + 4, raw.kind <= SpanKind.consumer ? raw.kind : SpanKind.unspecified);
  target.setUint8(raw.flagsAt + 5, raw.status <= StatusCode.error ? raw.status : StatusCode.unset);
  target.setUint32(raw.flagsAt + 6, raw.droppedAttributes, true);
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

function writeText(row: RowWriter, view: DataView, { start, end, text }: TextPlace): void {
  if (text === null) row.bytesAsString(view, start, end);
  else row.string(text);
}
