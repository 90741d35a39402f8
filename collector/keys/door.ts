import type { Role } from '../../schemas/key.js';
import { NoKey, NotAllowed } from './errors.js';
import type { Caller, Credentials, KeyRing, Knowing } from './key-ring.js';
import { ANYONE, isLocalName, requireRole } from './key-ring.js';
import type { Usage } from './usage.js';

/** Lets callers in, or does not; every way in has one, and asks it once a request. */
export interface Door {
  /**
   * @param role what the request takes
   * @param what the kind of request, for the audit log
   * @param knowing whether what was known of keys last will do
   * @throws NoKey, NotAllowed; StoreUnavailable where it cannot be known which keys are good
   */
  readonly admit: (credentials: Credentials, role: Role, what: string, knowing?: Knowing) => Promise<Caller>;
  /** Whether a key is needed. */
  readonly isLocked: () => Promise<boolean>;
}

/** The door of a Waybill that may have keys. What happens at it is noted. */
export function createDoor(ring: KeyRing, usage: Usage): Door {
  return {
    admit: async (credentials, role, what, knowing) => {
      try {
        const caller = await ring.callerOf(credentials, knowing);
        requireRole(caller, role);
        if (caller !== ANYONE) usage.noteOften(caller.id, 'key-used', what);
        return caller;
      } catch (error) {
        if (error instanceof NoKey || error instanceof NotAllowed) usage.noteOften('unknown', 'key-refused', what);
        throw error;
      }
    },
    isLocked: ring.isLocked,
  };
}

/** The door of what has no store to keep keys in: it serves this machine only. */
export const localDoor: Door = {
  admit: async ({ host }) => {
    if (isLocalName(host)) return ANYONE;
    throw new NotAllowed(`The host '${host}' is not served here; use 127.0.0.1 or localhost.`);
  },
  isLocked: async () => false,
};

/** The name in a `Host` or `:authority` header, without the port. */
export function hostIn(header: string | undefined): string {
  return (header ?? '').replace(/:\d*$/, '').toLowerCase();
}
