import * as z from 'zod';
import type { ListedKey } from '../../schemas/key.js';
import { listedKeySchema } from '../../schemas/key.js';
import type { Store } from '../store/client.js';

/** A key as it is stored. */
export interface StoredKey extends ListedKey {
  /** 64 lower-case hex digits. */
  readonly sha256: string;
}

/** More keys than this are not kept: all of them are in memory while Waybill runs. */
export const MOST_KEYS = 10_000;

const rowsSchema = z.array(listedKeySchema.extend({ sha256: z.string().length(64) }));

/** Every key, oldest first, revoked ones too. */
export async function readKeys(store: Store): Promise<StoredKey[]> {
  return rowsSchema.parse(
    await store.rows(
      `
    SELECT
        id, name, role, tenants, services, sha256,
        formatDateTime(created_at, '%Y-%m-%dT%H:%i:%S.%fZ', 'UTC') AS createdAt,
        is_revoked AS isRevoked
    FROM keys FINAL
    ORDER BY created_at, id
    LIMIT {most: UInt32}`,
      { most: MOST_KEYS },
    ),
  );
}

/** Writes a key, or another state of it. @param nowUs microseconds since 1970 */
export async function writeKey(store: Store, key: StoredKey, nowUs: number): Promise<void> {
  await store.command(
    `
    INSERT INTO keys (id, name, role, tenants, services, sha256, created_at, is_revoked, changed_at)
    SELECT
        {id: String}, {name: String}, {role: String}, {tenants: Array(String)}, {services: Array(String)},
        {sha256: String}, parseDateTime64BestEffort({createdAt: String}, 6, 'UTC'), {isRevoked: Bool},
        fromUnixTimestamp64Micro({nowUs: Int64}, 'UTC')`,
    { ...key, nowUs },
  );
}
