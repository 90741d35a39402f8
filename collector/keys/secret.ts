import { hash, randomBytes } from 'node:crypto';

/** `waybill_<12 characters of its id>_<43 characters that are secret>`: scanners for leaked secrets find it by its look. */
const KEY = /^waybill_([0-9a-z]{12})_[A-Za-z0-9_-]{43}$/;

const ID_BYTES = 6;
const SECRET_BYTES = 32;

/** A new key, as it is shown once. */
export interface NewSecret {
  readonly id: string;
  readonly key: string;
  readonly sha256: string;
}

/** Makes a key of 256 random bits. */
export function newSecret(): NewSecret {
  const id = randomBytes(ID_BYTES).toString('hex');
  const key = `waybill_${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  return { id, key, sha256: hashOf(key) };
}

/**
 * What is kept of a key. A plain hash will do: nobody can try 2^256 keys, however quick one try is.
 *
 * @returns 64 lower-case hex digits
 */
export function hashOf(key: string): string {
  return hash('sha256', key);
}

/** The public part of a key; null where it is no key. */
export function idIn(key: string): string | null {
  return KEY.exec(key)?.[1] ?? null;
}

/** The key that a request shows: `Authorization: Bearer …` or `x-api-key: …`; null where it shows none. */
export function keyIn(headers: Readonly<Record<string, string | readonly string[] | undefined>>): string | null {
  const { authorization, 'x-api-key': apiKey } = headers;
  if (typeof authorization === 'string') return /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? '';
  return typeof apiKey === 'string' ? apiKey : null;
}
