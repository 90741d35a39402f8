import type { Headers } from './carry-attribution.js';
import type { RequestAttribution } from './request-attribution.js';
import { createRequestAttribution } from './request-attribution.js';

/** What is used of a Fastify request. */
interface Connected {
  readonly socket: { readonly remoteAddress?: string | undefined };
  readonly headers: Headers;
}

/**
 * A Fastify hook that says whose a request is. As `preHandler`, behind what authenticates: an earlier hook's context is
 * lost while Fastify reads the body.
 *
 * ```ts
 * app.addHook('preHandler', attribution({ tenant: (request: FastifyRequest) => request.auth.orgId, feature: 'chat' }));
 * ```
 *
 * Attribution baggage of callers that `trust` does not name is removed, from spans too.
 */
export function attribution<Request extends Connected>(options: RequestAttribution<Request>) {
  const run = createRequestAttribution(options, {
    peerOf: ({ socket }) => socket.remoteAddress,
    headersOf: ({ headers }) => headers,
  });
  return (request: Request, _reply: unknown, done: () => void): void => run(request, done);
}
