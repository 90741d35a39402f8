import type { Headers } from './carry-attribution.js';
import type { RequestAttribution } from './request-attribution.js';
import { createRequestAttribution } from './request-attribution.js';

/** What is used of an Express request. */
interface Connected {
  readonly socket: { readonly remoteAddress?: string | undefined };
  readonly headers: Headers;
}

/**
 * Express middleware that says whose a request is. Put it behind what authenticates:
 *
 * ```ts
 * app.use(authenticate, attribution({ tenant: (request) => request.auth.orgId, feature: 'chat' }));
 * ```
 *
 * Attribution baggage of callers that `trust` does not name is removed, from spans too.
 */
export function attribution<Request extends Connected>(options: RequestAttribution<Request>) {
  const run = createRequestAttribution(options);
  return (request: Request, _response: unknown, next: () => void): void =>
    run({ request, peer: request.socket.remoteAddress, headers: request.headers }, () => next());
}
