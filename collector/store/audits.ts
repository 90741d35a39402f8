import * as z from 'zod';
import type { AuditRows, AuditToWrite, CallKey, TableRows } from './audit-rows.js';
import { auditRows, deletedRows, stampAudited } from './audit-rows.js';
import type { Store } from './client.js';
import type { EarlierAudit } from './read-traces.js';
import { daysSpanned } from './read-traces.js';

/** Writes audits; see `insertAudits`. */
export async function writeAudits(store: Store, audits: readonly AuditToWrite[], nowUs: number): Promise<void> {
  await insertAudits(store, await auditRows(audits), nowUs);
}

/**
 * Writes audits: the calls first, then the audits, so that a crash between the two leads to another audit and never
 * to a trace that counts as audited without its calls. Calls of an earlier audit that are none any more are deleted;
 * those on spans that this audit has not seen stay as they are.
 *
 * @param nowUs the present, microseconds since 1970; an audit is always newer than the one it replaces, even where
 * the clock has jumped back
 */
export async function insertAudits(store: Store, rows: AuditRows, nowUs: number): Promise<void> {
  if (rows.audits.starts.length === 0) return;
  const stored = await storedCalls(store, rows.earlier);
  // Two more: a deletion comes between the row that it deletes and the new audit, whose rows win over it.
  const earlierUs = [
    ...[...rows.earlier.values()].map(({ auditedAtUs }) => auditedAtUs),
    ...stored.map(({ at }) => at),
  ];
  const auditedAtUs = earlierUs.reduce((latest, at) => Math.max(latest, at + 2), nowUs);
  await insert(store, 'calls', rows.calls, auditedAtUs);
  const written = stored.length === 0 ? new Set() : new Set(rows.callKeys.map(keyOf));
  const vanished = stored.filter((call) => !call.isDeleted && !written.has(keyOf(call)));
  await insert(store, 'calls', deletedRows(vanished), auditedAtUs - 1);
  await insert(store, 'audits', rows.audits, auditedAtUs);
}

async function insert(store: Store, table: string, rows: TableRows, auditedAtUs: number): Promise<void> {
  if (rows.starts.length === 0) return;
  stampAudited(rows, auditedAtUs);
  await store.insertRowBinary(table, rows.columns, rows.bytes);
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

/** The calls that earlier audits found on the spans that are audited now. */
async function storedCalls(store: Store, earlierOf: ReadonlyMap<string, EarlierAudit>): Promise<StoredCall[]> {
  if (earlierOf.size === 0) return [];
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
      ...daysSpanned(earlierOf.values()),
    },
  );
  return storedSchema.parse(rows).filter(({ traceId, spanId }) => earlierOf.get(traceId)?.spanIds.has(spanId) === true);
}

function keyOf({ day, traceId, spanId }: CallKey): string {
  return `${day} ${traceId} ${spanId}`;
}
