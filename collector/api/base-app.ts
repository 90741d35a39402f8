import type { ErrorRequestHandler, Express } from 'express';
import express from 'express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import type { Door } from '../keys/door.js';
import { localDoor } from '../keys/door.js';
import type { UserHasher } from '../privacy/hash-users.js';
import type { Store } from '../store/client.js';
import type { Metrics } from '../watch/metrics.js';
import type { OwnTraces } from '../watch/own-traces.js';
import type { Readiness } from '../watch/readiness.js';
import type { Guard } from './guard.js';
import { createGuard, refuseForeignHosts, requireUnbound } from './guard.js';
import { payloadsRoute, receivePayloads } from './receive-payloads.js';
import { questionFailed, refusalOf } from './refusal.js';
import { answering } from './request.js';
import type { Sessions } from './sessions.js';
import { createSessions } from './sessions.js';

export interface BaseAppOptions {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
  /** Left out: it serves this machine alone. */
  readonly door?: Door;
  /** Left out: requests are in no traces of our own. */
  readonly traces?: OwnTraces | null;
}

/** An app to which routes can be added, and what stands before them. */
export interface BaseApp {
  readonly app: Express;
  readonly guard: Guard;
  readonly sessions: Sessions;
}

/** What is no page needs nothing; pages say themselves what they need. */
const NOTHING = { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] };

/** Creates the app of a process, whatever its role: it says whether it lives and is ready, and tells its metrics. */
export function createBaseApp(options: BaseAppOptions): BaseApp {
  const { door = localDoor } = options;
  const sessions = createSessions();
  const guard = createGuard(door, sessions);
  const app = express();
  if (options.traces) app.use(options.traces.requests);
  app.use(helmet({ contentSecurityPolicy: { useDefaults: false, directives: NOTHING } }));
  app.set('query parser', 'simple');
  app.use((_request, response, next) => {
    // What is answered must not be kept by a browser.
    response.set('Cache-Control', 'no-store');
    next();
  });
  // Before all else: whoever watches over processes has no key, and asks by any name.
  app.get('/healthz', (_request, response) => {
    response.json({ ok: true });
  });
  app.get(
    '/readyz',
    answering(async () => {
      await options.readiness.check();
      return { ok: true };
    }),
  );
  app.use(refuseForeignHosts(door));
  app.get('/metrics', guard.admit('read', 'metrics'), (request, response, next) => {
    requireUnbound(guard.callerOf(request));
    const { registry } = options.metrics;
    registry.metrics().then((text) => response.type(registry.contentType).send(text), next);
  });
  return { app, guard, sessions };
}

export interface PayloadsOptions {
  readonly store: Store;
  /** The present, microseconds since 1970. */
  readonly clockUs: () => number;
  /** Left out: users are stored as they are named. */
  readonly users?: UserHasher | null;
}

/** Adds the route by which gateways send their logs. */
export function takePayloads({ app, guard }: BaseApp, { store, clockUs, users }: PayloadsOptions): void {
  app.post(
    `/v1${payloadsRoute.path}`,
    guard.admit('ingest', 'gateway records'),
    (request, _response, next) => {
      // The log of a gateway is about all of its tenants, and is believed in what it says of them.
      requireUnbound(guard.callerOf(request));
      next();
    },
    ...receivePayloads(store, clockUs, users),
  );
}

/** Adds what is said where no route answers, or one fails. @param instead what may be asked */
export function answerTheRest({ app }: BaseApp, log: Logger, instead: string): void {
  app.use((request, response) => {
    response.status(404).json({ error: { message: `There is nothing at ${request.path}; ${instead}.` } });
  });
  app.use(answerError(log));
}

function answerError(log: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const refusal = refusalOf(error);
    if (refusal === null) log.error({ err: error, path: request.path }, questionFailed.logged);
    const { status, headers, message } = refusal ?? { status: 500, headers: {}, message: questionFailed.told };
    response.status(status).set(headers).json({ error: { message } });
  };
}
