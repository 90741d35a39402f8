import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Contract } from '../../schemas/contract.js';
import type { Store } from '../store/client.js';
import { writeAuditLog } from './audit-log.js';

/**
 * Writes into the audit log which contract is in force, where it is another than before. Its text is told by a hash,
 * in which the secrets of its signing keys have no part.
 *
 * @param file null: the default contract
 * @param nowUs microseconds since 1970
 */
export async function noteContract(
  store: Store,
  { file, contract }: { readonly file: string | null; readonly contract: Contract },
  nowUs: number,
): Promise<void> {
  const text = JSON.stringify(contract, (key, value: unknown) => (key === 'secret' ? undefined : value));
  const detail = `${file ?? 'the default'}, sha256 ${createHash('sha256').update(text).digest('hex')}`;
  const rows = await store.rows(
    "SELECT detail FROM audit_log WHERE action = 'contract-in-force' ORDER BY at DESC LIMIT 1",
  );
  const [last] = z.array(z.object({ detail: z.string() })).parse(rows);
  if (last?.detail === detail) return;
  await writeAuditLog(store, { actor: 'waybill', action: 'contract-in-force', detail }, nowUs);
}
