import type { CallFacts, Span, SpanLink, Usage } from '../../schemas/span.js';
import type { Store } from './client.js';
import type { RowReader } from './row-reader.js';
import { createRowReader } from './row-reader.js';
import type { RowWriter } from './row-writer.js';
import { columnsOf } from './row-writer.js';

/** The columns of `spans`, in the order in which rows are written and read. */
export const spanColumns = [
  'received_at',
  'day',
  'start_time',
  'end_time',
  'trace_id',
  'span_id',
  'parent_span_id',
  'flags',
  'kind',
  'status',
  'dropped_attributes',
  'trace_state',
  'name',
  'service',
  'scope_name',
  'scope_version',
  'attributes',
  'link_trace_ids',
  'link_span_ids',
  'link_attributes',
  'dialect',
  'operation',
  'provider',
  'request_model',
  'response_model',
  'response_id',
  'conversation_id',
  'stream',
  'input_tokens',
  'output_tokens',
  'cache_read_tokens',
  'cache_write_tokens',
  'reasoning_tokens',
  'input_audio_tokens',
  'output_audio_tokens',
  'usage_reported',
  'usage_estimated',
  'cache_replay',
  'reported_cost_usd',
] as const;

const DAY_US = 86_400_000_000;

/**
 * A span that claims to be older than so many days is filed under the day of its arrival. Days are kept for 30, and
 * what comes for one that is nearly over would be gone before it was audited.
 */
const OLDEST_DAYS = 28;

/** Later times are not exact as doubles: in the year 2255. `DateTime64(6)` itself ends in 2299. */
const MAX_TIME_US = Number.MAX_SAFE_INTEGER;

/**
 * The day under which a row is filed, as days since 1970: that of its start, or that of its arrival where the start
 * is four weeks ago or over a day ahead. So an insert never touches more than a month of partitions,
 * whatever times its senders claim, and honest repeats of a span always meet in one partition.
 */
export function dayOf(startUs: number, receivedAtUs: number): number {
  const start = Math.floor(startUs / DAY_US);
  const received = Math.floor(receivedAtUs / DAY_US);
  return start >= received - OLDEST_DAYS && start <= received + 1 ? start : received;
}

/** The nearest time that is stored as it is: senders may claim anything. */
export function storableUs(us: number): number {
  return Math.min(Math.max(0, us), MAX_TIME_US);
}

const NO_CALL: CallFacts = {
  dialect: '',
  operation: '',
  provider: '',
  requestModel: '',
  responseModel: '',
  responseId: '',
  conversationId: '',
  stream: false,
  usage: null,
  usageEstimated: false,
  cacheReplay: false,
  reportedCostUsd: null,
};

const NO_USAGE: Usage = {
  inputTokens: null,
  outputTokens: null,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  inputAudioTokens: 0,
  outputAudioTokens: 0,
};

/** Writes one span as a row of `spans`. */
export function writeSpan(row: RowWriter, span: Span, receivedAtUs: number): void {
  row.dateTime64(receivedAtUs);
  row.date(dayOf(span.startUs, receivedAtUs));
  row.dateTime64(storableUs(span.startUs));
  row.dateTime64(storableUs(span.endUs));
  row.fixedAscii(span.traceId, 32);
  row.fixedAscii(span.spanId, 16);
  row.string(span.parentSpanId ?? '');
  row.uint32(span.flags);
  row.uint8(span.kind);
  row.uint8(span.status);
  row.uint32(span.droppedAttributes);
  row.string(span.traceState);
  row.string(span.name);
  row.string(span.service);
  row.string(span.scopeName);
  row.string(span.scopeVersion);
  row.map(span.attributes);
  writeLinks(row, span.links);
  writeCall(row, span.call);
}

/** Three empty lists. */
const NO_LINKS = new DataView(new ArrayBuffer(3));

/** Writes the columns of the links. */
export function writeLinks(row: RowWriter, links: readonly SpanLink[]): void {
  if (links.length === 0) {
    row.raw(NO_LINKS, 0, NO_LINKS.byteLength);
    return;
  }
  row.strings(links.map(({ traceId }) => traceId));
  row.strings(links.map(({ spanId }) => spanId));
  row.length(links.length);
  for (const { attributes } of links) row.map(attributes);
}

/** Writes the columns from `dialect` to the end of the row. */
export function writeCall(row: RowWriter, said: CallFacts | null): void {
  const call = said ?? NO_CALL;
  const usage = call.usage ?? NO_USAGE;
  row.string(call.dialect);
  row.string(call.operation);
  row.string(call.provider);
  row.string(call.requestModel);
  row.string(call.responseModel);
  row.string(call.responseId);
  row.string(call.conversationId);
  row.bool(call.stream);
  row.nullableUint64(usage.inputTokens);
  row.nullableUint64(usage.outputTokens);
  row.uint64(usage.cacheReadTokens);
  row.uint64(usage.cacheWriteTokens);
  row.uint64(usage.reasoningTokens);
  row.uint64(usage.inputAudioTokens);
  row.uint64(usage.outputAudioTokens);
  row.bool(call.usage !== null);
  row.bool(call.usageEstimated);
  row.bool(call.cacheReplay);
  row.nullableUsd(call.reportedCostUsd);
}

/** A stored span, with the arrival that brought it: microseconds since 1970. */
export interface StoredSpan {
  readonly span: Span;
  readonly receivedAtUs: number;
}

/** Reads rows that were selected with `spanSelect`, each as it is asked for. */
export function* eachSpan(bytes: Uint8Array): Generator<StoredSpan> {
  const row = createRowReader(bytes);
  while (row.hasMore()) yield readSpan(row);
}

/** Reads all rows that were selected with `spanSelect`. */
export function readSpans(bytes: Uint8Array): StoredSpan[] {
  return [...eachSpan(bytes)];
}

/** The columns for a `SELECT` whose rows `readSpans` understands. */
export const spanSelect: string = spanColumns.join(', ');

function readSpan(row: RowReader): StoredSpan {
  const receivedAtUs = row.dateTime64();
  row.date();
  const startUs = row.dateTime64();
  const endUs = row.dateTime64();
  const span = {
    traceId: row.fixedAscii(32),
    spanId: row.fixedAscii(16),
    parentSpanId: row.string() || null,
    flags: row.uint32(),
    kind: row.uint8(),
    startUs,
    endUs,
    status: row.uint8(),
    droppedAttributes: row.uint32(),
    traceState: row.string(),
    name: row.string(),
    service: row.string(),
    scopeName: row.string(),
    scopeVersion: row.string(),
    attributes: row.map(),
    links: row.passOver(NO_LINKS) ? NONE : readLinks(row),
    call: row.passOver(NO_CALL_COLUMNS) ? null : readCallFacts(row),
  };
  return { span, receivedAtUs };
}

const NONE: readonly SpanLink[] = [];

/** What nearly every span that is no call has in its last columns. */
const NO_CALL_COLUMNS = columnsOf((row) => writeCall(row, null));

function readLinks(row: RowReader): SpanLink[] {
  const traceIds = row.strings();
  const spanIds = row.strings();
  const count = row.length();
  const links: SpanLink[] = [];
  for (let i = 0; i < count; i += 1) {
    links.push({ traceId: traceIds[i] ?? '', spanId: spanIds[i] ?? '', attributes: row.map() });
  }
  return links;
}

/** One literal with all fields in the order of the columns: put together of parts, it would cost several times as much. */
function readCallFacts(row: RowReader): CallFacts | null {
  const call = {
    dialect: row.string(),
    operation: row.string(),
    provider: row.string(),
    requestModel: row.string(),
    responseModel: row.string(),
    responseId: row.string(),
    conversationId: row.string(),
    stream: row.bool(),
    usage: readUsage(row),
    usageEstimated: row.bool(),
    cacheReplay: row.bool(),
    reportedCostUsd: row.nullableUsd(),
  };
  return call.dialect === '' ? null : call;
}

function readUsage(row: RowReader): Usage | null {
  const usage = {
    inputTokens: row.nullableUint64(),
    outputTokens: row.nullableUint64(),
    cacheReadTokens: row.uint64(),
    cacheWriteTokens: row.uint64(),
    reasoningTokens: row.uint64(),
    inputAudioTokens: row.uint64(),
    outputAudioTokens: row.uint64(),
  };
  const isReported = row.bool();
  return isReported ? usage : null;
}

/** Of a trace with more spans than this, which no honest program sends, the rest is not read. */
export const MAX_SPANS_PER_TRACE = 100_000;

/**
 * The stored spans of one trace, `MAX_SPANS_PER_TRACE` at most, and when the last of them arrived (0: never),
 * microseconds since 1970.
 */
export async function readTrace(store: Store, traceId: string): Promise<{ spans: Span[]; lastArrivalUs: number }> {
  const stored = readSpans(
    await store.selectRowBinary(
      `SELECT ${spanSelect} FROM spans FINAL PREWHERE trace_id = {traceId: String} LIMIT {limit: UInt32}`,
      { traceId, limit: MAX_SPANS_PER_TRACE },
    ),
  );
  let lastArrivalUs = 0;
  for (const { receivedAtUs } of stored) lastArrivalUs = Math.max(lastArrivalUs, receivedAtUs);
  return { spans: stored.map(({ span }) => span), lastArrivalUs };
}
