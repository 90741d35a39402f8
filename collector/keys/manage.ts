import type { ListedKey, Role } from '../../schemas/key.js';
import type { Store } from '../store/client.js';
import { writeAuditLog } from './audit-log.js';
import { newSecret } from './secret.js';
import type { StoredKey } from './stored-keys.js';
import { MOST_KEYS, readKeys, writeKey } from './stored-keys.js';

/** What a key is made for. */
export interface WantedKey {
  readonly name: string;
  readonly role: Role;
  readonly tenants: readonly string[];
  readonly services: readonly string[];
}

/** Longer than any tenant or service that is audited. */
const MOST_CHARACTERS = 256;
const MOST_NAMES = 1_000;

/**
 * Makes a key and stores its hash.
 *
 * @param nowUs microseconds since 1970
 * @returns what is listed of it, and the key itself, which nobody will see again
 * @throws RangeError that says what is wrong with what was wanted
 */
export async function createKey(
  store: Store,
  wanted: WantedKey,
  nowUs: number,
): Promise<ListedKey & { readonly key: string }> {
  checkWanted(wanted);
  if ((await readKeys(store)).length >= MOST_KEYS)
    throw new RangeError(`There are ${MOST_KEYS} keys, which is all there may be.`);
  const { id, key, sha256 } = newSecret();
  const { name, role, tenants, services } = wanted;
  const createdAt = new Date(nowUs / 1_000).toISOString();
  const listed = { id, name, role, tenants: [...tenants], services: [...services], createdAt, isRevoked: false };
  await writeKey(store, { ...listed, sha256 }, nowUs);
  const detail = `${id} (${name}) for ${role}, tenants ${tenants.join(',')}, services ${services.join(',')}`;
  await writeAuditLog(store, { actor: 'cli', action: 'key-created', detail }, nowUs);
  return { ...listed, key };
}

function checkWanted({ name, role, tenants, services }: WantedKey): void {
  if (name.trim() === '' || name.length > MOST_CHARACTERS) {
    throw new RangeError(`Give the key a name of 1 to ${MOST_CHARACTERS} characters.`);
  }
  for (const [what, names] of Object.entries({ tenants, services })) {
    if (names.length === 0 || names.length > MOST_NAMES) {
      throw new RangeError(`--${what}: name 1 to ${MOST_NAMES}, or * for all.`);
    }
    const bad = names.find((one) => one.length > MOST_CHARACTERS || /[\p{Cc},]/u.test(one));
    if (bad !== undefined) throw new RangeError(`--${what}: '${bad.slice(0, 60)}' cannot be a name of one.`);
  }
  if (role !== 'ingest' && !services.includes('*')) {
    throw new RangeError(`--services is for keys with the role ingest: it says whose spans they may send.`);
  }
  if (role === 'admin' && !tenants.includes('*')) {
    throw new RangeError('An admin key is for all tenants. Leave --tenants out, or give it the role read or ingest.');
  }
  if (role === 'read' && tenants.some((one) => one.includes('*') && one !== '*')) {
    throw new RangeError('--tenants: a key to read is bound to tenants by their exact names, or to none with *.');
  }
}

/** Every key, oldest first, without its hash. */
export async function listKeys(store: Store): Promise<ListedKey[]> {
  return (await readKeys(store)).map(withoutHash);
}

/** @throws RangeError where there is no such key */
export async function revokeKey(store: Store, id: string, nowUs: number): Promise<ListedKey> {
  const key = (await readKeys(store)).find((one) => one.id === id);
  if (key === undefined) throw new RangeError(`There is no key with the id '${id}'; 'waybill keys list' shows them.`);
  const revoked = { ...key, isRevoked: true };
  await writeKey(store, revoked, nowUs);
  await writeAuditLog(store, { actor: 'cli', action: 'key-revoked', detail: `${id} (${key.name})` }, nowUs);
  return withoutHash(revoked);
}

function withoutHash({ id, name, role, tenants, services, createdAt, isRevoked }: StoredKey): ListedKey {
  return { id, name, role, tenants, services, createdAt, isRevoked };
}
