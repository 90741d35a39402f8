import type { EstimatedUsd, GuardOptions } from './budget-decision.js';
import { decideBudget, deniedBody } from './budget-decision.js';

/** How to ask before requests of a client. */
export interface GuardedFetchOptions extends GuardOptions {
  /** What a request may cost at most; left out: Waybill goes by its contract. */
  readonly estimate?: ((...request: Parameters<typeof fetch>) => EstimatedUsd) | undefined;
  /** What makes the requests; default: the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
}

/**
 * Makes a `fetch` that asks Waybill before each request, by the attribution that is active. Give it to the client of a
 * model, and to nothing else: every request counts as a call.
 *
 * ```ts
 * const openai = new OpenAI({ fetch: guardedFetch({ url: 'http://waybill:4319' }) });
 * ```
 *
 * A request that is denied is not made: it is answered with 403, which clients do not try again.
 */
export function guardedFetch(options: GuardedFetchOptions): typeof fetch {
  const { estimate, fetch: send = fetch } = options;
  return async (...request) => {
    const decision = await decideBudget(options, estimate?.(...request));
    if (decision.decision !== 'deny') return send(...request);
    return Response.json(deniedBody(decision), { status: 403 });
  };
}
