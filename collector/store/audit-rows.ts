import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CallByCallAudit, TraceAudit } from '../../auditor/audit.js';
import { parseIsoUs } from '../../auditor/iso-micros.js';
import type { Call, Finding, Outcome, Verdict } from '../../schemas/audit.js';
import { auditedAttributes } from '../../schemas/contract.js';
import type { EarlierAudit } from './read-traces.js';
import { putUint64 } from './put-bytes.js';
import { dayNumber } from './read-traces.js';
import type { RowWriter } from './row-writer.js';
import { createRowWriter } from './row-writer.js';
import { dayOf, storableUs } from './spans.js';

/** An audit on its way into the store. */
export interface AuditToWrite {
  readonly audit: CallByCallAudit;
  /** The arrivals that it has seen, microseconds since 1970. */
  readonly seenUs: readonly number[];
  /** Least day of its spans, ISO. */
  readonly firstDay: string;
  /** Null where no earlier audit of it can have been written. */
  readonly earlier: EarlierAudit | null;
}

/** One of which the calls are at hand. */
export interface WholeAudit extends AuditToWrite {
  readonly audit: TraceAudit;
}

/** Rows of one table, whole but for the time of the audit. */
export interface TableRows {
  readonly columns: readonly string[];
  readonly bytes: Uint8Array;
  /** Where each row starts. */
  readonly starts: readonly number[];
}

/** Where the row of a call is filed. */
export interface CallKey {
  /** Days since 1970. */
  readonly day: number;
  readonly traceId: string;
  readonly spanId: string;
}

/** Audits as rows, with what has to be known of them beside. */
export interface AuditRows {
  readonly calls: TableRows;
  readonly audits: TableRows;
  readonly callKeys: readonly CallKey[];
  /** By trace id. */
  readonly earlier: ReadonlyMap<string, EarlierAudit>;
}

type WriteColumn<T> = readonly [column: string, write: (row: RowWriter, value: T) => void];

/** A call with the times that its row is made of, microseconds since 1970. */
interface TimedCall {
  readonly call: Call;
  readonly startUs: number;
  readonly day: number;
}

/** Always the first column: rows are made before it is known, and stamped. */
const AUDITED_AT: WriteColumn<unknown> = ['audited_at', (row) => row.dateTime64(0)];

/** Numbers of the enums in the schema. */
const VERDICTS: Readonly<Record<Verdict, number>> = { unattributed: 0, attributed: 1, enforceable: 2 };
const OUTCOMES: Readonly<Record<Outcome, number>> = {
  conflicting: 1,
  rewritten: 2,
  missing: 3,
  dropped: 4,
  late: 5,
  unreported: 6,
  intact: 7,
};

/** A list of strings, one of each value. */
function texts<T>(row: RowWriter, all: readonly T[], text: (one: T) => string): void {
  row.length(all.length);
  for (const one of all) row.string(text(one));
}

const findingColumns: readonly WriteColumn<readonly Finding[]>[] = [
  ['finding_rules', (row, all) => texts(row, all, ({ rule }) => rule)],
  ['finding_severities', (row, all) => texts(row, all, ({ severity }) => severity)],
  ['finding_questions', (row, all) => texts(row, all, ({ question }) => question)],
  ['finding_attributes', (row, all) => texts(row, all, ({ attribute }) => attribute ?? '')],
  ['finding_hop_from', (row, all) => texts(row, all, ({ hop }) => hop?.from ?? '')],
  ['finding_hop_to', (row, all) => texts(row, all, ({ hop }) => hop?.to ?? '')],
  ['finding_span_ids', (row, all) => texts(row, all, ({ spanId }) => spanId)],
  ['finding_messages', (row, all) => texts(row, all, ({ message }) => message)],
  ['finding_fixes', (row, all) => texts(row, all, ({ fix }) => fix)],
];

const callColumns: readonly WriteColumn<TimedCall>[] = [
  AUDITED_AT,
  ['day', (row, { day }) => row.date(day)],
  ['trace_id', (row, { call }) => row.fixedAscii(call.traceId, 32)],
  ['span_id', (row, { call }) => row.fixedAscii(call.spanId, 16)],
  ['start_time', (row, { startUs }) => row.dateTime64(storableUs(startUs))],
  ['duration_us', (row, { call }) => row.uint64(call.durationUs)],
  ['service', (row, { call }) => row.string(call.service)],
  ['operation', (row, { call }) => row.string(call.operation)],
  ['provider', (row, { call }) => row.string(call.provider)],
  ['model', (row, { call }) => row.string(call.model)],
  ['dialect', (row, { call }) => row.string(call.dialect)],
  ['response_id', (row, { call }) => row.string(call.responseId)],
  ['user', (row, { call }) => row.string(call.user ?? '')],
  ['failed', (row, { call }) => row.bool(call.failed)],
  ['stream', (row, { call }) => row.bool(call.stream)],
  ['input_tokens', (row, { call }) => row.nullableUint64(call.inputTokens)],
  ['output_tokens', (row, { call }) => row.nullableUint64(call.outputTokens)],
  ['cache_read_tokens', (row, { call }) => row.nullableUint64(call.cacheReadTokens)],
  ['cache_write_tokens', (row, { call }) => row.nullableUint64(call.cacheWriteTokens)],
  ['reasoning_tokens', (row, { call }) => row.nullableUint64(call.reasoningTokens)],
  ['usage_span_id', (row, { call }) => row.string(call.usageSpanId ?? '')],
  ['cost_usd', (row, { call }) => row.nullableUsd(call.costUsd)],
  ['price_source', (row, { call }) => row.string(call.priceSource ?? '')],
  ['reported_cost_usd', (row, { call }) => row.nullableUsd(call.reportedCostUsd)],
  ['joined_by', (row, { call }) => row.string(call.join ?? '')],
  ['reservation_id', (row, { call }) => row.string(call.reservationId ?? '')],
  ['echo_span_ids', (row, { call }) => row.strings(call.echoSpanIds)],
  ['verdict', (row, { call }) => row.uint8(VERDICTS[call.verdict])],
  ['misattributed', (row, { call }) => row.bool(call.misattributed)],
  ['row_level', (row, { call }) => row.bool(call.rowLevel)],
  ['enforcement_point', (row, { call }) => row.string(call.enforcementPoint ?? '')],
  ['resolved_policy', (row, { call }) => row.string(call.policy ?? '')],
  ['route', (row, { call }) => row.strings(call.route)],
  ...auditedAttributes.flatMap((name): readonly WriteColumn<TimedCall>[] => [
    [name, (row, { call }) => row.string(call.attributes[name]?.value ?? '')],
    [`${name}_origin`, (row, { call }) => row.string(call.attributes[name]?.originValue ?? '')],
    [`${name}_enforcement`, (row, { call }) => row.string(call.attributes[name]?.enforcementValue ?? '')],
    [`${name}_span`, (row, { call }) => row.string(call.attributes[name]?.callSpanValue ?? '')],
    [`${name}_outcome`, (row, { call }) => row.uint8(OUTCOMES[call.attributes[name]?.outcome ?? 'missing'])],
    [`${name}_provenance`, (row, { call }) => row.string(call.attributes[name]?.provenance ?? '')],
    [`${name}_hop_from`, (row, { call }) => row.string(call.attributes[name]?.hop?.from ?? '')],
    [`${name}_hop_to`, (row, { call }) => row.string(call.attributes[name]?.hop?.to ?? '')],
  ]),
  ['failed_questions', (row, { call }) => row.strings(call.failedQuestions)],
  ...findingColumns.map(([column, write]): WriteColumn<TimedCall> => [
    column,
    (row, { call }) => write(row, call.findings),
  ]),
  ['is_deleted', (row) => row.uint8(0)],
];

/** An audit, once its calls are counted. */
interface CountedAudit {
  readonly one: AuditToWrite;
  readonly calls: number;
}

const auditColumns: readonly WriteColumn<CountedAudit>[] = [
  AUDITED_AT,
  ['day', (row, { one }) => row.date(dayNumber(one.firstDay))],
  ['trace_id', (row, { one }) => row.fixedAscii(one.audit.traceId, 32)],
  [
    'seen',
    (row, { one }) => {
      row.length(one.seenUs.length);
      for (const at of one.seenUs) row.dateTime64(at);
    },
  ],
  ['spans', (row, { one }) => row.uint32(one.audit.spans)],
  ['calls', (row, { calls }) => row.uint32(calls)],
  ...findingColumns
    .filter(([column]) => column !== 'finding_questions' && column !== 'finding_attributes')
    .map(([column, write]): WriteColumn<CountedAudit> => [column, (row, { one }) => write(row, one.audit.findings)]),
];

/** So many calls of one trace are worked out and written in a few milliseconds; whoever came meanwhile waits no longer. */
const TURN_CALLS = 1_000;

/**
 * Makes rows of audits, each as it comes, and of its calls: of a large number, no more than one is in memory as objects.
 *
 * @throws RangeError where a number does not fit its column
 */
export async function auditRows(all: Iterable<AuditToWrite> | AsyncIterable<AuditToWrite>): Promise<AuditRows> {
  const calls = tableOf(callColumns);
  const audits = tableOf(auditColumns);
  const callKeys: CallKey[] = [];
  const earlier = new Map<string, EarlierAudit>();
  for await (const one of all) {
    const { traceId } = one.audit;
    // What its days are reckoned from is its newest arrival.
    const receivedAtUs = one.seenUs.reduce((latest, at) => Math.max(latest, at), 0);
    const before = callKeys.length;
    for (const call of one.audit.calls) {
      const startUs = parseIsoUs(call.startTime);
      const day = dayOf(startUs, receivedAtUs);
      calls.add({ call, startUs, day });
      callKeys.push({ day, traceId, spanId: call.spanId });
      if ((callKeys.length - before) % TURN_CALLS === 0) await nextTurn();
    }
    audits.add({ one, calls: callKeys.length - before });
    if (one.earlier !== null) earlier.set(traceId, one.earlier);
  }
  return { calls: calls.rows(), audits: audits.rows(), callKeys, earlier };
}

/** Puts the time of the audit into rows, microseconds since 1970. */
export function stampAudited({ bytes, starts }: TableRows, auditedAtUs: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const at of starts) putUint64(view, at, auditedAtUs);
}

function tableOf<T>(columns: readonly WriteColumn<T>[]): { add: (value: T) => void; rows: () => TableRows } {
  const row = createRowWriter();
  const starts: number[] = [];
  return {
    add: (value) => {
      starts.push(row.size());
      for (const [, write] of columns) write(row, value);
    },
    rows: () => ({ columns: columns.map(([column]) => column), bytes: row.bytes(), starts }),
  };
}

/**
 * Rows that take the place of calls that are none any more, or that are filed under another day from now on. In that
 * case the call is there twice where both days are asked for, and the newer row must be the one that lives.
 */
export function deletedRows(keys: readonly CallKey[]): TableRows {
  const table = tableOf(deletedColumns);
  for (const key of keys) table.add(key);
  return table.rows();
}

const deletedColumns: readonly WriteColumn<CallKey>[] = [
  AUDITED_AT,
  ['day', (row, { day }) => row.date(day)],
  ['trace_id', (row, { traceId }) => row.fixedAscii(traceId, 32)],
  ['span_id', (row, { spanId }) => row.fixedAscii(spanId, 16)],
  ['is_deleted', (row) => row.uint8(1)],
];
