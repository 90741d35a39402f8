import type { ErrorRequestHandler, Express, RequestHandler } from 'express';
import express from 'express';
import type { Logger } from 'pino';
import type { CompiledContract } from '../../auditor/contract.js';
import type { Store } from '../store/client.js';
import { StoreUnavailable } from '../store/errors.js';
import type { AuditNews } from './audit-news.js';
import { questions } from './questions.js';
import { payloadsRoute, receivePayloads } from './receive-payloads.js';
import { page } from './page.js';
import { answering, BadRequest } from './request.js';
import { traceView } from './trace-view.js';

export interface ApiOptions {
  readonly store: Store;
  readonly contract: CompiledContract;
  readonly log: Logger;
  /** The present, microseconds since 1970. */
  readonly clockUs: () => number;
  readonly quietMs: number;
  readonly news: AuditNews;
}

/** The HTTP API: questions over audited calls. */
export function createApi(options: ApiOptions): Express {
  const { store, clockUs } = options;
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.use(refuseForeignHosts);
  app.use((_request, response, next) => {
    // What an attribute says must never be taken for a page, nor be kept by a browser.
    response.set({ 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store' });
    next();
  });
  app.use(page());
  app.get('/healthz', (_request, response) => {
    response.json({ ok: true });
  });
  app.get(
    '/readyz',
    answering(async () => {
      await store.rows('SELECT 1');
      return { ok: true };
    }),
  );
  app.get('/v1/events', options.news.stream);
  app.use('/v1', router(options));
  app.post(`/v1${payloadsRoute.path}`, ...receivePayloads(store, clockUs));
  app.get(
    '/v1/traces/:id',
    answering(async (request, response) => {
      const id = request.params['id'];
      if (typeof id !== 'string' || !/^[0-9a-f]{32}$/.test(id))
        throw new BadRequest('A trace id has 32 lower-case hex digits.');
      const view = await traceView(store, options.contract, id, clockUs(), options.quietMs);
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

function router({ store, contract, clockUs }: ApiOptions): express.Router {
  const routes = express.Router();
  for (const { path, answer } of questions) {
    routes.get(
      path,
      answering((request) => answer(request.query, { store, contract, nowUs: clockUs() })),
    );
  }
  return routes;
}

/**
 * Without keys only this machine is served, and a web page elsewhere must not get in by having its own name resolve
 * to 127.0.0.1 (DNS rebinding): such a request still carries that name in `Host`.
 */
const refuseForeignHosts: RequestHandler = (request, response, next) => {
  const host = request.hostname;
  if (host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)) next();
  else
    response
      .status(403)
      .json({ error: { message: `The host '${host}' is not served here; use 127.0.0.1 or localhost.` } });
};

function answerError(log: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    if (error instanceof BadRequest) {
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
