import { timingSafeEqual } from 'node:crypto';
import type { Role } from '../../schemas/key.js';
import { answeredWithin } from '../store/answered-within.js';
import type { Store } from '../store/client.js';
import { NoKey, NotAllowed } from './errors.js';
import { hashOf, idIn } from './secret.js';
import type { StoredKey } from './stored-keys.js';
import { readKeys } from './stored-keys.js';

/** Who sent a request, and what they may do. */
export interface Caller {
  /** Id of the key; `local` while there are no keys. */
  readonly id: string;
  readonly role: Role;
  /** Tenants that they may speak for, or read; `*` for any run of characters. */
  readonly tenants: readonly string[];
  /** Services whose spans they may send. */
  readonly services: readonly string[];
}

/** What a request shows of who sent it. */
export interface Credentials {
  /** Null where it shows none. */
  readonly key: string | null;
  /** The id of a key that its sender has shown before, as a session knows it. */
  readonly keyId?: string | null;
  /** The name by which it asked for this server, without the port. */
  readonly host: string;
}

/** Tells callers by their keys. */
export interface KeyRing {
  /** Whether there are keys: from the first on, nobody gets in without one, also when all are revoked. */
  readonly isLocked: () => Promise<boolean>;
  /**
   * @param knowing what counts as known of keys
   * @throws NoKey, NotAllowed; StoreUnavailable where it cannot be known which keys are good
   */
  readonly callerOf: (credentials: Credentials, knowing?: Knowing) => Promise<Caller>;
}

/**
 * `now`: a key that was revoked is good for two seconds more, and where keys cannot be read nobody is let in. `last`: while
 * ClickHouse is away, or slow, what was read last counts, so that nobody waits for it.
 */
export type Knowing = 'now' | 'last';

/** Who is served while there are no keys. */
export const ANYONE: Caller = { id: 'local', role: 'admin', tenants: ['*'], services: ['*'] };

/** What is known of keys is read again when it is older than this; so long a revoked key may live on. */
const FRESH_MS = 2_000;

/** Whoever sends waits for this before for anything else, and a sender waits ten seconds in all by default. */
const PATIENCE_MS = 2_000;

const NO_HASH = '0'.repeat(64);

/**
 * Creates a ring. All keys are read together, and at most every two seconds, so that a flood of keys that do not exist
 * costs ClickHouse nothing. Where they cannot be read, nobody is let in.
 *
 * @param clockMs a clock that only goes forward, milliseconds
 */
export function createKeyRing(store: Store, clockMs: () => number = () => performance.now()): KeyRing {
  let keys: ReadonlyMap<string, StoredKey> = new Map();
  let readAtMs = -Infinity;
  let reading: Promise<void> | null = null;
  let failedAtMs = -Infinity;

  async function fresh(): Promise<ReadonlyMap<string, StoredKey>> {
    if (clockMs() - readAtMs >= FRESH_MS) await (reading ??= read());
    return keys;
  }

  /** What was read last, read again meanwhile. Only what is much too old is waited for, and not while nothing answers. */
  async function last(): Promise<ReadonlyMap<string, StoredKey>> {
    const ageMs = clockMs() - readAtMs;
    if (ageMs < FRESH_MS) return keys;
    if (readAtMs === -Infinity) return fresh();
    const isAway = failedAtMs > readAtMs;
    if (isAway && clockMs() - failedAtMs < FRESH_MS) return keys;
    const read = fresh().catch(() => keys);
    return isAway || ageMs < 2 * FRESH_MS ? keys : read;
  }

  async function read(): Promise<void> {
    const startedMs = clockMs();
    try {
      keys = new Map((await answeredWithin(PATIENCE_MS, readKeys(store))).map((key) => [key.id, key]));
      readAtMs = startedMs;
    } catch (error) {
      failedAtMs = clockMs();
      throw error;
    } finally {
      reading = null;
    }
  }

  return {
    isLocked: async () => (await fresh()).size > 0,
    callerOf: async ({ key, keyId = null, host }, knowing = 'now') => {
      const known = await (knowing === 'now' ? fresh() : last());
      if (known.size === 0) {
        if (isLocalName(host)) return ANYONE;
        throw new NotAllowed(
          `The host '${host}' is not served here while there are no keys; use 127.0.0.1 or localhost, or make one with 'waybill keys create'.`,
        );
      }
      if (key === null && keyId !== null) {
        const remembered = known.get(keyId);
        if (remembered !== undefined && !remembered.isRevoked) return remembered;
        throw new NoKey('The key of this session was revoked. Log in again.');
      }
      if (key === null) {
        throw new NoKey("This Waybill wants a key: send 'Authorization: Bearer …' or 'x-api-key: …'.");
      }
      const found = known.get(idIn(key) ?? '');
      const isRight = timingSafeEqual(Buffer.from(hashOf(key)), Buffer.from(found?.sha256 ?? NO_HASH));
      if (found === undefined || !isRight || found.isRevoked) {
        throw new NoKey('The key is not known here, or was revoked.');
      }
      return found;
    },
  };
}

/**
 * Without keys only this machine is served, and a web page elsewhere must not get in by having its own name resolve
 * to 127.0.0.1 (DNS rebinding): such a request still carries that name.
 */
export function isLocalName(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Whether a caller is bound to some tenants, as opposed to all. */
export function isBound({ tenants }: Caller): boolean {
  return !tenants.includes('*');
}

/** @throws NotAllowed where a caller's key is for something else; an `admin` key is for everything */
export function requireRole({ role }: Caller, wanted: Role): void {
  if (role === wanted || role === 'admin') return;
  throw new NotAllowed(`This takes a key with the role '${wanted}', and this one has the role '${role}'.`);
}
