import * as z from 'zod';
import type { TraceAudit } from '../../auditor/audit.js';
import type { Call, Finding, Outcome, Verdict } from '../../schemas/audit.js';
import { auditedAttributes } from '../../schemas/contract.js';
import type { Store } from './client.js';
import type { EarlierAudit } from './read-traces.js';
import { dayNumber } from './read-traces.js';
import type { RowWriter } from './row-writer.js';
import { createRowWriter } from './row-writer.js';
import { dayOf, storableUs } from './spans.js';

/** An audit on its way into the store. */
export interface AuditToWrite {
  readonly audit: TraceAudit;
  /** The arrivals that it has seen, microseconds since 1970. */
  readonly seenUs: readonly number[];
  /** Least day of its spans, ISO. */
  readonly firstDay: string;
  /** Null where no earlier audit of it can have been written. */
  readonly earlier: EarlierAudit | null;
}

type WriteColumn<T> = readonly [column: string, write: (row: RowWriter, value: T, audit: AuditTime) => void];

interface AuditTime {
  readonly auditedAtUs: number;
  /** The newest arrival of the trace: what its days are reckoned from. */
  readonly receivedAtUs: number;
}

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

const findingColumns: readonly WriteColumn<readonly Finding[]>[] = [
  ['finding_rules', (row, all) => row.strings(all.map(({ rule }) => rule))],
  ['finding_severities', (row, all) => row.strings(all.map(({ severity }) => severity))],
  ['finding_questions', (row, all) => row.strings(all.map(({ question }) => question))],
  ['finding_attributes', (row, all) => row.strings(all.map(({ attribute }) => attribute ?? ''))],
  ['finding_hop_from', (row, all) => row.strings(all.map(({ hop }) => hop?.from ?? ''))],
  ['finding_hop_to', (row, all) => row.strings(all.map(({ hop }) => hop?.to ?? ''))],
  ['finding_span_ids', (row, all) => row.strings(all.map(({ spanId }) => spanId))],
  ['finding_messages', (row, all) => row.strings(all.map(({ message }) => message))],
  ['finding_fixes', (row, all) => row.strings(all.map(({ fix }) => fix))],
];

const callColumns: readonly WriteColumn<Call>[] = [
  ['day', (row, call, { receivedAtUs }) => row.date(dayOf(startUsOf(call), receivedAtUs))],
  ['trace_id', (row, call) => row.fixedAscii(call.traceId, 32)],
  ['span_id', (row, call) => row.fixedAscii(call.spanId, 16)],
  ['start_time', (row, call) => row.dateTime64(storableUs(startUsOf(call)))],
  ['duration_us', (row, call) => row.uint64(call.durationUs)],
  ['service', (row, call) => row.string(call.service)],
  ['operation', (row, call) => row.string(call.operation)],
  ['provider', (row, call) => row.string(call.provider)],
  ['model', (row, call) => row.string(call.model)],
  ['dialect', (row, call) => row.string(call.dialect)],
  ['response_id', (row, call) => row.string(call.responseId)],
  ['user', (row, call) => row.string(call.user ?? '')],
  ['failed', (row, call) => row.bool(call.failed)],
  ['stream', (row, call) => row.bool(call.stream)],
  ['input_tokens', (row, call) => row.nullableUint64(call.inputTokens)],
  ['output_tokens', (row, call) => row.nullableUint64(call.outputTokens)],
  ['cache_read_tokens', (row, call) => row.nullableUint64(call.cacheReadTokens)],
  ['cache_write_tokens', (row, call) => row.nullableUint64(call.cacheWriteTokens)],
  ['reasoning_tokens', (row, call) => row.nullableUint64(call.reasoningTokens)],
  ['usage_span_id', (row, call) => row.string(call.usageSpanId ?? '')],
  ['cost_usd', (row, call) => row.nullableUsd(call.costUsd)],
  ['price_source', (row, call) => row.string(call.priceSource ?? '')],
  ['reported_cost_usd', (row, call) => row.nullableUsd(call.reportedCostUsd)],
  ['joined_by', (row, call) => row.string(call.join ?? '')],
  ['reservation_id', (row, call) => row.string(call.reservationId ?? '')],
  ['echo_span_ids', (row, call) => row.strings(call.echoSpanIds)],
  ['verdict', (row, call) => row.uint8(VERDICTS[call.verdict])],
  ['misattributed', (row, call) => row.bool(call.misattributed)],
  ['row_level', (row, call) => row.bool(call.rowLevel)],
  ['enforcement_point', (row, call) => row.string(call.enforcementPoint ?? '')],
  ['resolved_policy', (row, call) => row.string(call.policy ?? '')],
  ['route', (row, call) => row.strings(call.route)],
  ...auditedAttributes.flatMap((name): readonly WriteColumn<Call>[] => [
    [name, (row, call) => row.string(call.attributes[name]?.value ?? '')],
    [`${name}_origin`, (row, call) => row.string(call.attributes[name]?.originValue ?? '')],
    [`${name}_enforcement`, (row, call) => row.string(call.attributes[name]?.enforcementValue ?? '')],
    [`${name}_span`, (row, call) => row.string(call.attributes[name]?.callSpanValue ?? '')],
    [`${name}_outcome`, (row, call) => row.uint8(OUTCOMES[call.attributes[name]?.outcome ?? 'missing'])],
    [`${name}_provenance`, (row, call) => row.string(call.attributes[name]?.provenance ?? '')],
    [`${name}_hop_from`, (row, call) => row.string(call.attributes[name]?.hop?.from ?? '')],
    [`${name}_hop_to`, (row, call) => row.string(call.attributes[name]?.hop?.to ?? '')],
  ]),
  ['failed_questions', (row, call) => row.strings(call.failedQuestions)],
  ...findingColumns.map(([column, write]): WriteColumn<Call> => [
    column,
    (row, call, at) => write(row, call.findings, at),
  ]),
  ['audited_at', (row, _, { auditedAtUs }) => row.dateTime64(auditedAtUs)],
  ['is_deleted', (row) => row.uint8(0)],
];

const auditColumns: readonly WriteColumn<AuditToWrite>[] = [
  ['day', (row, { firstDay }) => row.date(dayNumber(firstDay))],
  ['trace_id', (row, { audit }) => row.fixedAscii(audit.traceId, 32)],
  [
    'seen',
    (row, { seenUs }) => {
      row.length(seenUs.length);
      for (const at of seenUs) row.dateTime64(at);
    },
  ],
  ['spans', (row, { audit }) => row.uint32(audit.spans)],
  ['calls', (row, { audit }) => row.uint32(audit.calls.length)],
  ...findingColumns
    .filter(([column]) => column !== 'finding_questions' && column !== 'finding_attributes')
    .map(([column, write]): WriteColumn<AuditToWrite> => [
      column,
      (row, { audit }, at) => write(row, audit.findings, at),
    ]),
  ['audited_at', (row, _, { auditedAtUs }) => row.dateTime64(auditedAtUs)],
];

/**
 * Writes audits: the calls first, then the audits, so that a crash between the two leads to another audit and never
 * to a trace that counts as audited without its calls. Calls of an earlier audit that are none any more are deleted;
 * those on spans that this audit has not seen stay as they are.
 *
 * @param nowUs the present, microseconds since 1970; an audit is always newer than the one it replaces, even where
 * the clock has jumped back
 */
export async function writeAudits(store: Store, audits: readonly AuditToWrite[], nowUs: number): Promise<void> {
  if (audits.length === 0) return;
  const stored = await storedCalls(store, audits);
  // Two more: a deletion comes between the row that it deletes and the new audit, whose rows win over it.
  const earlierUs = [...audits.map(({ earlier }) => earlier?.auditedAtUs ?? 0), ...stored.map(({ at }) => at)];
  const auditedAtUs = earlierUs.reduce((latest, at) => Math.max(latest, at + 2), nowUs);
  const times = ({ seenUs }: AuditToWrite): AuditTime => ({
    auditedAtUs,
    receivedAtUs: seenUs.reduce((latest, at) => Math.max(latest, at), 0),
  });
  const calls = audits.flatMap((one) => one.audit.calls.map((call) => [call, times(one)] as const));
  await insert(store, 'calls', callColumns, calls);
  const written = new Set(calls.map(([call, { receivedAtUs }]) => keyOf(call, dayOf(startUsOf(call), receivedAtUs))));
  const vanished = stored.filter((call) => !call.isDeleted && !written.has(keyOf(call, call.day)));
  await insert(
    store,
    'calls',
    deletedColumns,
    vanished.map((call) => [call, { auditedAtUs, receivedAtUs: 0 }] as const),
  );
  await insert(
    store,
    'audits',
    auditColumns,
    audits.map((one) => [one, times(one)] as const),
  );
}

async function insert<T>(
  store: Store,
  table: string,
  columns: readonly WriteColumn<T>[],
  values: readonly (readonly [T, AuditTime])[],
): Promise<void> {
  if (values.length === 0) return;
  const row = createRowWriter();
  for (const [value, at] of values) for (const [, write] of columns) write(row, value, at);
  await store.insertRowBinary(
    table,
    columns.map(([column]) => column),
    row.bytes(),
  );
}

const storedSchema = z.array(
  z.object({
    day: z.coerce.number(),
    traceId: z.string(),
    spanId: z.string(),
    at: z.coerce.number(),
    isDeleted: z.coerce.boolean(),
  }),
);
type StoredCall = z.infer<typeof storedSchema>[number];

/**
 * A row that takes the place of a call that is none any more, or that is filed under another day from now on. In
 * that case the call is there twice where both days are asked for, and the newer row must be the one that lives.
 */
const deletedColumns: readonly WriteColumn<StoredCall>[] = [
  ['day', (row, { day }) => row.date(day)],
  ['trace_id', (row, { traceId }) => row.fixedAscii(traceId, 32)],
  ['span_id', (row, { spanId }) => row.fixedAscii(spanId, 16)],
  ['audited_at', (row, _, { auditedAtUs }) => row.dateTime64(auditedAtUs - 1)],
  ['is_deleted', (row) => row.uint8(1)],
];

/** The calls that earlier audits found on the spans that are audited now. */
async function storedCalls(store: Store, audits: readonly AuditToWrite[]): Promise<StoredCall[]> {
  const earlierOf = new Map<string, EarlierAudit>();
  for (const { audit, earlier } of audits) if (earlier !== null) earlierOf.set(audit.traceId, earlier);
  if (earlierOf.size === 0) return [];
  const all = [...earlierOf.values()];
  const rows = await store.rows(
    `
    SELECT
        toUInt16(calls.day) AS day,
        trace_id AS traceId,
        span_id AS spanId,
        toUnixTimestamp64Micro(audited_at) AS at,
        is_deleted AS isDeleted
    FROM calls
    WHERE trace_id IN {traceIds: Array(String)}
      AND calls.day BETWEEN toDate({first: UInt16}) AND toDate({last: UInt16})
    ORDER BY audited_at DESC
    LIMIT 1 BY calls.day, trace_id, span_id`,
    {
      traceIds: [...earlierOf.keys()],
      first: all.reduce((least, { firstDay }) => Math.min(least, firstDay), Infinity),
      last: all.reduce((greatest, { lastDay }) => Math.max(greatest, lastDay), -Infinity),
    },
  );
  return storedSchema.parse(rows).filter(({ traceId, spanId }) => earlierOf.get(traceId)?.spanIds.has(spanId) === true);
}

function keyOf({ traceId, spanId }: { traceId: string; spanId: string }, day: number): string {
  return `${day} ${traceId} ${spanId}`;
}

function startUsOf(call: Call): number {
  return Date.parse(`${call.startTime.slice(0, 19)}Z`) * 1000 + Number(call.startTime.slice(20, 26));
}
