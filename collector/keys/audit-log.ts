import * as z from 'zod';
import type { AuditLogEntry } from '../../schemas/key.js';
import { auditLogEntrySchema } from '../../schemas/key.js';
import type { Store } from '../store/client.js';

/** What is written down of what callers do. */
export type AuditedAction =
  | 'key-created'
  | 'key-revoked'
  | 'key-used'
  | 'key-refused'
  | 'logged-in'
  | 'login-refused'
  | 'logged-out'
  | 'gate-asked'
  | 'rollout-set'
  | 'rollout-withdrawn'
  | 'rollout-changed'
  | 'contract-in-force'
  | 'reaudited'
  | 'forgotten'
  | 'backed-up'
  | 'restored';

/** Writes one line of the audit log. @param nowUs microseconds since 1970 */
export async function writeAuditLog(
  store: Store,
  { actor, action, detail }: { actor: string; action: AuditedAction; detail: string },
  nowUs: number,
): Promise<void> {
  await store.command(
    `
    INSERT INTO audit_log (at, actor, action, detail)
    SELECT fromUnixTimestamp64Micro({nowUs: Int64}, 'UTC'), {actor: String}, {action: String}, {detail: String}`,
    { nowUs, actor, action, detail },
  );
}

/** The newest lines of the audit log, newest first. */
export async function readAuditLog(store: Store, limit: number): Promise<AuditLogEntry[]> {
  return z.array(auditLogEntrySchema).parse(
    await store.rows(
      `
    SELECT formatDateTime(at, '%Y-%m-%dT%H:%i:%S.%fZ', 'UTC') AS at, actor, action, detail
    FROM audit_log
    ORDER BY audit_log.at DESC, actor, action, detail
    LIMIT {limit: UInt32}`,
      { limit },
    ),
  );
}
