import type { EstimatedUsd, GuardOptions } from './budget-decision.js';
import { decideBudget, deniedBody } from './budget-decision.js';
import type { Connected, RequestAttribution } from './request-attribution.js';
import { createRequestAttribution, ofConnected } from './request-attribution.js';

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
  const run = createRequestAttribution(options, ofConnected);
  return (request: Request, _response: unknown, next: () => void): void => run(request, next);
}

/** What is used of an Express response. */
interface Answering {
  readonly status: (code: number) => { readonly json: (body: object) => unknown };
}

/**
 * Express middleware that asks Waybill whether the budget allows a request, and answers 403 where it does not. Put it
 * behind `attribution`, before what calls a model:
 *
 * ```ts
 * app.post('/chat', guard({ url: 'http://waybill:4319', estimate: () => '0.02' }), chat);
 * ```
 *
 * Without an answer in time the request goes on, unless `fail` is `closed`.
 */
export function guard<Request>(
  options: GuardOptions & { readonly estimate?: ((request: Request) => EstimatedUsd) | undefined },
) {
  return async (request: Request, response: Answering, next: (error?: unknown) => void): Promise<void> => {
    let decision;
    try {
      decision = await decideBudget(options, options.estimate?.(request));
    } catch (error) {
      // What the application's own functions throw is the application's; Express 4 would not see it.
      next(error);
      return;
    }
    if (decision.decision === 'deny') response.status(403).json(deniedBody(decision));
    else next();
  };
}
