import type { Request, RequestHandler } from 'express';
import type { Role } from '../../schemas/key.js';
import type { Door } from '../keys/door.js';
import { hostIn } from '../keys/door.js';
import { NotAllowed } from '../keys/errors.js';
import type { Caller, Credentials, Knowing } from '../keys/key-ring.js';
import { isBound, isLocalName } from '../keys/key-ring.js';
import { keyIn } from '../keys/secret.js';
import type { Store } from '../store/client.js';
import { restrictedTo } from '../store/restricted-store.js';
import type { Sessions } from './sessions.js';
import { isFromElsewhere, isFromOurPage } from './sessions.js';

/** What a page elsewhere cannot send along without being asked for it first (CORS), which it never is. */
const OUR_HEADER = 'x-waybill-request';

/** Stands before every route that shows or changes anything. */
export interface Guard {
  /**
   * Lets through who may do what a role may.
   *
   * @param what the kind of request, for the audit log
   * @param knowing whether what was known of keys last will do
   */
  readonly admit: (role: Role, what: string, knowing?: Knowing) => RequestHandler;
  /** Who was let through. */
  readonly callerOf: (request: Request) => Caller;
}

/** Creates the guard of one API. @param sessions of those who logged in at its page */
export function createGuard(door: Door, sessions: Sessions): Guard {
  const callers = new WeakMap<Request, Caller>();
  return {
    admit: (role, what, knowing) => async (request, _response, next) => {
      callers.set(request, await door.admit(credentialsOf(request, sessions), role, what, knowing));
      next();
    },
    callerOf: (request) => {
      const caller = callers.get(request);
      if (caller === undefined) throw new Error(`${request.path} has no guard.`);
      return caller;
    },
  };
}

/**
 * A key that is shown counts before a session. The session's cookie is sent by the browser, whoever made it ask: it only
 * counts where no other site did, and to change something the page must say so in a header that no other site can set.
 */
function credentialsOf(request: Request, sessions: Sessions): Credentials {
  const key = keyIn(request.headers);
  const host = hostIn(request.headers.host);
  const keyId = key === null ? sessions.keyIdOf(request) : null;
  if (keyId === null) return { key, host };
  const isReading = request.method === 'GET' || request.method === 'HEAD';
  if (isFromElsewhere(request) || (!isReading && !(isFromOurPage(request) && request.get(OUR_HEADER) !== undefined))) {
    throw new NotAllowed(`A session may only be used by the page of Waybill itself, with the header ${OUR_HEADER}.`);
  }
  return { key, keyId, host };
}

/** What a caller may see of the store. */
export function storeFor(caller: Caller, store: Store): Store {
  return isBound(caller) ? restrictedTo(store, caller.tenants) : store;
}

/** @throws NotAllowed where a caller is bound to some tenants */
export function requireUnbound(caller: Caller): void {
  if (!isBound(caller)) return;
  throw new NotAllowed(
    'This is about more than the tenants that your key is bound to. It takes a key that is bound to none.',
  );
}

/** While there are no keys, not even the page is served under a name from elsewhere. */
export function refuseForeignHosts(door: Door): RequestHandler {
  return async (request, response, next) => {
    const host = hostIn(request.headers.host);
    if (isLocalName(host) || (await door.isLocked())) next();
    else
      response
        .status(403)
        .json({ error: { message: `The host '${host}' is not served here; use 127.0.0.1 or localhost.` } });
  };
}
