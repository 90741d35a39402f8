import * as z from 'zod';
import { idKeys, recordKeys } from '../../auditor/payloads/join-keys.js';
import { RECORD_SCOPE, recordIds } from '../../auditor/payloads/record-span.js';
import { REQUEST_ID_KEYS } from '../../schemas/attributes.js';
import type { GatewayRecord } from '../../schemas/payload.js';
import { gatewayRecordSchema } from '../../schemas/payload.js';
import type { Span } from '../../schemas/span.js';
import type { Store } from './client.js';
import type { ReadTrace } from './read-traces.js';
import { dayNumber } from './read-traces.js';
import { createRowWriter } from './row-writer.js';
import { dayOf, spanColumns, storableUs, writeSpan } from './spans.js';

const payloadColumns = [
  'day',
  'own_trace_id',
  'own_span_id',
  'gateway',
  'record_id',
  'keys',
  'start_time',
  'record',
  'received_at',
] as const;

/** A query goes in the address of a request: so many keys fit. */
const KEYS_PER_QUERY = 500;

/**
 * Writes records. One that was written before is replaced, and put in its place again once it has settled.
 *
 * @param receivedAtUs microseconds since 1970
 * @throws StoreUnavailable where they are not durable, or may not be
 */
export async function writePayloads(
  store: Store,
  records: readonly GatewayRecord[],
  receivedAtUs: number,
): Promise<void> {
  if (records.length === 0) return;
  const row = createRowWriter();
  for (const record of records) {
    const { traceId, spanId } = recordIds(record);
    row.date(dayOf(record.startUs, receivedAtUs));
    row.fixedAscii(traceId, 32);
    row.fixedAscii(spanId, 16);
    row.string(record.gateway);
    row.string(record.recordId);
    row.strings(recordKeys(record));
    row.dateTime64(storableUs(record.startUs));
    row.string(JSON.stringify(record));
    row.dateTime64(receivedAtUs);
  }
  await store.insertRowBinary('payloads', payloadColumns, row.bytes());
}

/** Writes spans that Waybill itself has made: those of records. */
export async function writeRecordSpans(store: Store, spans: readonly Span[], receivedAtUs: number): Promise<void> {
  if (spans.length === 0) return;
  const row = createRowWriter();
  for (const span of spans) writeSpan(row, span, receivedAtUs);
  await store.insertRowBinary('spans', spanColumns, row.bytes());
}

/** Whether any record was ever written: without one, nobody has to look for them. */
export async function hasPayloads(store: Store): Promise<boolean> {
  return (await store.rows('SELECT 1 FROM payload_keys LIMIT 1')).length > 0;
}

const recordSchema = z.string().transform((text) => gatewayRecordSchema.parse(JSON.parse(text)));

const arrivedSchema = z.array(
  z.object({ ownTraceId: z.string(), record: recordSchema, receivedUs: z.coerce.number() }),
);

/** The records with these traces of their own that have come since they were last put in their place. */
export async function arrivedRecords(store: Store, ownTraceIds: readonly string[]): Promise<GatewayRecord[]> {
  const rows = await store.rows(
    `
    SELECT own_trace_id AS ownTraceId, record, toUnixTimestamp64Micro(received_at) AS receivedUs
    FROM payloads FINAL
    WHERE own_trace_id IN {ids: Array(String)}
    ORDER BY own_trace_id`,
    { ids: ownTraceIds },
  );
  const arrived = arrivedSchema.parse(rows);
  const notes = await notesOf(
    store,
    arrived.map(({ ownTraceId }) => ownTraceId),
  );
  return arrived
    .filter(({ ownTraceId, receivedUs }) => receivedUs > (notes.get(ownTraceId)?.placedUs ?? 0))
    .map(({ record }) => record);
}

/** Where a record was put. */
export interface RecordNote {
  /** The trace that it is in. */
  readonly traceId: string;
  /** When it was put there, microseconds since 1970. */
  readonly placedUs: number;
}

const notesSchema = z.array(
  z.object({ ownTraceId: z.string(), movedTo: z.array(z.string()), placedUs: z.coerce.number() }),
);

/** Where records were put, by the traces of their own; those that were not put anywhere yet are left out. */
export async function notesOf(store: Store, ownTraceIds: readonly string[]): Promise<ReadonlyMap<string, RecordNote>> {
  const notes = new Map<string, RecordNote>();
  for (let i = 0; i < ownTraceIds.length; i += KEYS_PER_QUERY) {
    const rows = await store.rows(
      `
      SELECT trace_id AS ownTraceId, link_trace_ids AS movedTo, toUnixTimestamp64Micro(received_at) AS placedUs
      FROM spans FINAL
      PREWHERE trace_id IN {ids: Array(String)}
      WHERE scope_name = 'waybill.record'`,
      { ids: ownTraceIds.slice(i, i + KEYS_PER_QUERY) },
    );
    for (const { ownTraceId, movedTo, placedUs } of notesSchema.parse(rows)) {
      notes.set(ownTraceId, { traceId: movedTo[0] ?? ownTraceId, placedUs });
    }
  }
  return notes;
}

/** A record, by the ids that it has as a span. */
export interface FoundRecord {
  readonly ownTraceId: string;
  readonly ownSpanId: string;
}

const foundSchema = z.array(z.object({ ownTraceId: z.string(), ownSpanId: z.string() }));

/** The records that have one of these keys. */
export async function recordsWithKeys(store: Store, keys: readonly string[]): Promise<FoundRecord[]> {
  const found = new Map<string, FoundRecord>();
  for (let i = 0; i < keys.length; i += KEYS_PER_QUERY) {
    const rows = await store.rows(
      `
      SELECT DISTINCT own_trace_id AS ownTraceId, own_span_id AS ownSpanId
      FROM payload_keys
      WHERE key IN {keys: Array(String)}`,
      { keys: keys.slice(i, i + KEYS_PER_QUERY) },
    );
    for (const one of foundSchema.parse(rows)) found.set(one.ownTraceId, one);
  }
  return [...found.values()];
}

/** Reads records, whether they are in their place or not. */
export async function recordsOf(store: Store, ownTraceIds: readonly string[]): Promise<GatewayRecord[]> {
  const found: GatewayRecord[] = [];
  for (let i = 0; i < ownTraceIds.length; i += KEYS_PER_QUERY) {
    const rows = await store.rows(
      'SELECT record FROM payloads FINAL WHERE own_trace_id IN {ids: Array(String)} ORDER BY own_trace_id',
      { ids: ownTraceIds.slice(i, i + KEYS_PER_QUERY) },
    );
    for (const { record } of z.array(z.object({ record: recordSchema })).parse(rows)) found.push(record);
  }
  return found;
}

/** Lets records arrive anew, so that they are put in their place again. */
export async function arriveAgain(store: Store, ownTraceIds: readonly string[], receivedAtUs: number): Promise<void> {
  for (let i = 0; i < ownTraceIds.length; i += KEYS_PER_QUERY) {
    await arriveTogether(store, ownTraceIds.slice(i, i + KEYS_PER_QUERY), receivedAtUs);
  }
}

async function arriveTogether(store: Store, ids: readonly string[], receivedAtUs: number): Promise<void> {
  await store.command(
    `
    INSERT INTO payloads (${payloadColumns.join(', ')})
    SELECT ${payloadColumns.slice(0, -1).join(', ')}, fromUnixTimestamp64Micro({receivedAtUs: Int64}, 'UTC')
    FROM payloads FINAL
    WHERE own_trace_id IN {ids: Array(String)}`,
    { ids, receivedAtUs },
  );
}

const traceIdsSchema = z.array(z.object({ traceId: z.string() }));

/** Where to look for spans whose keys are not written yet. */
export interface Unaudited {
  /** Every trace whose arrivals all came before is audited, and its keys are written; microseconds since 1970. */
  readonly sinceUs: number;
  /** Days of the spans, since 1970. */
  readonly firstDay: number;
  readonly lastDay: number;
}

/** The traces with a span that has one of these keys of a response or a request, audited or not. */
export async function tracesWithKeys(
  store: Store,
  keys: readonly string[],
  { sinceUs, firstDay, lastDay }: Unaudited,
): Promise<string[]> {
  const found = new Set<string>();
  for (let i = 0; i < keys.length; i += KEYS_PER_QUERY) {
    const rows = await store.rows(
      `
      SELECT DISTINCT trace_id AS traceId
      FROM span_keys
      WHERE key IN {keys: Array(String)}
      UNION ALL
      SELECT DISTINCT trace_id AS traceId
      FROM spans
      PREWHERE trace_id IN (
          SELECT trace_id
          FROM arrivals
          WHERE received_at > fromUnixTimestamp64Micro({sinceUs: Int64}, 'UTC'))
      WHERE day BETWEEN toDate({firstDay: UInt16}) AND toDate({lastDay: UInt16})
        AND scope_name != 'waybill.record'
        AND (concat('response ', response_id) IN {keys: Array(String)}
          OR arrayExists(
              (name, id) -> has({names: Array(String)}, name) AND has({keys: Array(String)}, concat('request ', id)),
              mapKeys(attributes),
              mapValues(attributes)))`,
      { keys: keys.slice(i, i + KEYS_PER_QUERY), names: REQUEST_ID_KEYS, sinceUs, firstDay, lastDay },
    );
    for (const { traceId } of traceIdsSchema.parse(rows)) found.add(traceId);
  }
  return [...found];
}

const spanKeyColumns = ['day', 'key', 'trace_id'] as const;

/** The keys of responses and requests by which records find spans, gathered trace by trace. */
export interface SpanKeys {
  readonly add: (trace: Pick<ReadTrace, 'traceId' | 'firstDay' | 'spans'>) => void;
  /** @throws StoreUnavailable where they are not durable, or may not be */
  readonly write: (store: Store) => Promise<void>;
}

/** Gathers the keys of traces that are to be audited. */
export function createSpanKeys(): SpanKeys {
  const row = createRowWriter();
  return {
    add: ({ traceId, firstDay, spans }) => {
      const keys = new Set(spans.flatMap((span) => (span.scopeName === RECORD_SCOPE ? [] : idKeys(span))));
      for (const key of keys) {
        row.date(dayNumber(firstDay));
        row.string(key);
        row.fixedAscii(traceId, 32);
      }
    },
    write: async (store) => {
      if (row.size() > 0) await store.insertRowBinary('span_keys', spanKeyColumns, row.bytes());
    },
  };
}

/**
 * The traces with a call of these models and token counts that ended in a stretch of time.
 *
 * @param tokens as `tokenKeys` writes them
 */
export async function tracesWithTokens(
  store: Store,
  tokens: readonly string[],
  { fromUs, toUs }: { readonly fromUs: number; readonly toUs: number },
): Promise<string[]> {
  const found = new Set<string>();
  for (let i = 0; i < tokens.length; i += KEYS_PER_QUERY) {
    const rows = await store.rows(
      `
      WITH concat(' ', toString(input_tokens), ' ', toString(output_tokens)) AS counts
      SELECT DISTINCT trace_id AS traceId
      FROM spans
      WHERE day BETWEEN toDate(fromUnixTimestamp64Micro({fromUs: Int64}, 'UTC')) - 1
                    AND toDate(fromUnixTimestamp64Micro({toUs: Int64}, 'UTC')) + 1
        AND end_time BETWEEN fromUnixTimestamp64Micro({fromUs: Int64}, 'UTC')
                         AND fromUnixTimestamp64Micro({toUs: Int64}, 'UTC')
        AND dialect != ''
        AND scope_name != 'waybill.record'
        AND (concat('tokens ', lower(response_model), counts) IN {tokens: Array(String)}
          OR concat('tokens ', lower(request_model), counts) IN {tokens: Array(String)})`,
      { tokens: tokens.slice(i, i + KEYS_PER_QUERY), fromUs, toUs },
    );
    for (const { traceId } of traceIdsSchema.parse(rows)) found.add(traceId);
  }
  return [...found];
}
