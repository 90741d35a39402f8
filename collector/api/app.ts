import type { ErrorRequestHandler, Express } from 'express';
import express from 'express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import type { CompiledContract } from '../../auditor/contract.js';
import type { Door } from '../keys/door.js';
import { localDoor } from '../keys/door.js';
import { NoKey, NotAllowed } from '../keys/errors.js';
import type { Usage } from '../keys/usage.js';
import type { UserHasher } from '../privacy/hash-users.js';
import type { Store } from '../store/client.js';
import { StoreUnavailable } from '../store/errors.js';
import type { Rollouts } from '../rollout/loop.js';
import type { Metrics } from '../watch/metrics.js';
import type { OwnTraces } from '../watch/own-traces.js';
import type { Readiness } from '../watch/readiness.js';
import type { Decisions } from '../decisions/start.js';
import { decide, decisionRoute } from './decide.js';
import { decideForPortkey, decideForProxies } from './decide-for-gateways.js';
import { changeRollout, rolloutRoute, withdrawRollout } from './change-rollout.js';
import type { Guard } from './guard.js';
import { createGuard, refuseForeignHosts, requireUnbound, storeFor } from './guard.js';
import type { AuditNews } from './audit-news.js';
import { questions } from './questions.js';
import { payloadsRoute, receivePayloads } from './receive-payloads.js';
import { login } from './login.js';
import { page } from './page.js';
import { createSessions } from './sessions.js';
import { answering, BadRequest } from './request.js';
import { traceView } from './trace-view.js';

export interface ApiOptions {
  readonly store: Store;
  readonly contract: CompiledContract;
  readonly log: Logger;
  /** The present, microseconds since 1970. */
  readonly clockUs: () => number;
  readonly quietMs: number;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
  /** Left out: it serves this machine alone. */
  readonly door?: Door;
  /** Left out: what is done is not written down. */
  readonly usage?: Usage;
  readonly news: AuditNews;
  readonly rollouts: Rollouts;
  readonly decisions: Decisions;
  /** Left out: requests are in no traces of our own. */
  readonly traces?: OwnTraces | null;
  /** Left out: users are stored as they are named. */
  readonly users?: UserHasher | null;
}

/** What is no page needs nothing; pages say themselves what they need. */
const NOTHING = { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] };

/** The HTTP API: questions over audited calls. */
export function createApi(options: ApiOptions): Express {
  const { store, clockUs, door = localDoor } = options;
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
  app.use(login(door, sessions, options.usage));
  app.use(page());
  app.get('/metrics', guard.admit('read', 'metrics'), (request, response, next) => {
    requireUnbound(guard.callerOf(request));
    const { registry } = options.metrics;
    registry.metrics().then((text) => response.type(registry.contentType).send(text), next);
  });
  // It says only that something came, so whoever may ask may listen.
  app.get('/v1/events', guard.admit('read', 'news of audits'), options.news.stream);
  app.use('/v1', router(options, guard));
  app.post(
    `/v1${payloadsRoute.path}`,
    guard.admit('ingest', 'gateway records'),
    (request, _response, next) => {
      // The log of a gateway is about all of its tenants, and is believed in what it says of them.
      requireUnbound(guard.callerOf(request));
      next();
    },
    ...receivePayloads(store, clockUs, options.users),
  );
  app.put(`/v1${rolloutRoute.path}`, guard.admit('admin', 'rollouts'), ...changeRollout(options.rollouts, guard));
  app.delete(`/v1${rolloutRoute.path}`, guard.admit('admin', 'rollouts'), withdrawRollout(options.rollouts, guard));
  // While ClickHouse is away calls go on to be made, so whoever was let in last is told what was known last.
  app.post(`/v1${decisionRoute.path}`, guard.admit('ingest', 'decisions', 'last'), ...decide(options.decisions, guard));
  const forGateways = { decisions: options.decisions, contract: options.contract, guard };
  app.post('/v1/decisions/portkey', guard.admit('ingest', 'decisions', 'last'), ...decideForPortkey(forGateways));
  app.all('/v1/decisions/proxy{/*path}', guard.admit('ingest', 'decisions', 'last'), decideForProxies(forGateways));
  app.get(
    '/v1/traces/:id',
    guard.admit('read', 'a trace'),
    answering(async (request, response) => {
      const id = request.params['id'];
      if (typeof id !== 'string' || !/^[0-9a-f]{32}$/.test(id))
        throw new BadRequest('A trace id has 32 lower-case hex digits.');
      const { within } = storeFor(guard.callerOf(request), store);
      const view = await traceView(store, options.contract, id, clockUs(), options.quietMs, within);
      if (view === null) response.status(404);
      return view ?? { error: { message: `No span of trace ${id} is stored.` } };
    }),
  );
  app.use((request, response) => {
    response
      .status(404)
      .json({ error: { message: `There is nothing at ${request.path}; the questions are under /v1/.` } });
  });
  app.use(answerError(options.log));
  return app;
}

function router({ store, contract, clockUs, usage }: ApiOptions, guard: Guard): express.Router {
  const routes = express.Router();
  for (const { path, role = 'read', isForTenants = false, answer } of questions) {
    routes.get(
      path,
      guard.admit(role, role === 'read' ? 'questions' : path),
      answering((request) => {
        const caller = guard.callerOf(request);
        if (!isForTenants) requireUnbound(caller);
        return answer(request.query, {
          store: storeFor(caller, store),
          contract,
          nowUs: clockUs(),
          mayChange: caller.role === 'admin',
          note: (action, detail) => usage?.note(caller.id, action, detail),
        });
      }),
    );
  }
  return routes;
}

function answerError(log: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    if (error instanceof NoKey) {
      response
        .status(401)
        .set('WWW-Authenticate', 'Bearer')
        .json({ error: { message: error.message } });
    } else if (error instanceof NotAllowed) {
      response.status(403).json({ error: { message: error.message } });
    } else if (error instanceof BadRequest) {
      response.status(400).json({ error: { message: error.message } });
    } else if (isRefusedBody(error)) {
      response.status(error.status).json({ error: { message: `The request cannot be read: ${error.message}.` } });
    } else if (error instanceof URIError) {
      response.status(400).json({ error: { message: 'The path is not valid percent-encoding.' } });
    } else if (error instanceof StoreUnavailable) {
      response
        .status(503)
        .set('Retry-After', String(error.retryAfterSeconds))
        .json({ error: { message: `${error.message} Ask again in ${error.retryAfterSeconds} s.` } });
    } else {
      log.error({ err: error, path: request.path }, 'A question failed');
      response.status(500).json({ error: { message: 'The question failed; the log of Waybill says why.' } });
    }
  };
}

/** What express says of a body: too large, wrongly packed, broken off. */
function isRefusedBody(error: unknown): error is Error & { readonly status: number } {
  return (
    error instanceof Error &&
    'status' in error &&
    typeof error.status === 'number' &&
    error.status >= 400 &&
    error.status < 500
  );
}
