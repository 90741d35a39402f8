import type { Connected, RequestAttribution } from './request-attribution.js';
import { createRequestAttribution, ofConnected } from './request-attribution.js';

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
  const run = createRequestAttribution(options, ofConnected);
  return (request: Request, _reply: unknown, done: () => void): void => run(request, done);
}
