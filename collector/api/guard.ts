import type { Request, RequestHandler } from 'express';
import type { Role } from '../../schemas/key.js';
import type { Door } from '../keys/door.js';
import { hostIn } from '../keys/door.js';
import { NotAllowed } from '../keys/errors.js';
import type { Caller, Credentials } from '../keys/key-ring.js';
import { isBound, isLocalName } from '../keys/key-ring.js';
import { keyIn } from '../keys/secret.js';
import type { Store } from '../store/client.js';
import { restrictedTo } from '../store/restricted-store.js';

/** Stands before every route that shows or changes anything. */
export interface Guard {
  /** Lets through who may do what a role may. @param what the kind of request, for the audit log */
  readonly admit: (role: Role, what: string) => RequestHandler;
  /** Who was let through. */
  readonly callerOf: (request: Request) => Caller;
}

/** Creates the guard of one API. */
export function createGuard(door: Door): Guard {
  const callers = new WeakMap<Request, Caller>();
  return {
    admit: (role, what) => async (request, _response, next) => {
      callers.set(request, await door.admit(credentialsOf(request), role, what));
      next();
    },
    callerOf: (request) => {
      const caller = callers.get(request);
      if (caller === undefined) throw new Error(`${request.path} has no guard.`);
      return caller;
    },
  };
}

function credentialsOf(request: Request): Credentials {
  return { key: keyIn(request.headers), host: hostIn(request.headers.host) };
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
