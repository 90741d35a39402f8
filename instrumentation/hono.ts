import type { RequestAttribution } from './request-attribution.js';
import { createRequestAttribution } from './request-attribution.js';

/** What is used of a Hono context. */
interface Connected {
  readonly env: unknown;
  readonly req: { readonly header: () => Record<string, string> };
}

/**
 * Hono middleware that says whose a request is. Put it behind what authenticates:
 *
 * ```ts
 * app.use(attribution({ tenant: (c: Context) => c.get('orgId'), feature: 'chat' }));
 * ```
 *
 * Attribution baggage of callers that `trust` does not name is removed, from spans too. Addresses are known on
 * `@hono/node-server` only; elsewhere give `trust` a function.
 */
export function attribution<C extends Connected>(options: RequestAttribution<C>) {
  const run = createRequestAttribution(options, {
    peerOf: ({ env }) => peerOf(env),
    headersOf: ({ req }) => req.header(),
  });
  return (c: C, next: () => Promise<void>): Promise<void> => run(c, next);
}

/** The other end's address, in `env.incoming.socket` of `@hono/node-server`. */
function peerOf(env: unknown): string | undefined {
  let at = env;
  for (const name of ['incoming', 'socket', 'remoteAddress']) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = Reflect.get(at, name);
  }
  return typeof at === 'string' ? at : undefined;
}
