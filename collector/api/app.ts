import type { ErrorRequestHandler, Express, RequestHandler } from 'express';
import express from 'express';
import type { Logger } from 'pino';
import * as z from 'zod';
import type { CompiledContract } from '../../auditor/contract.js';
import { scoreOf } from '../../auditor/score/score.js';
import { scopeSchema } from '../../schemas/gate.js';
import type { Store } from '../store/client.js';
import { StoreUnavailable } from '../store/errors.js';
import { findGaps } from '../store/questions/gaps.js';
import { askGate, gateHistory } from '../store/questions/gate.js';
import { listCalls } from '../store/questions/list-calls.js';
import { listRoutes } from '../store/questions/routes.js';
import { spendBy, spendDimensionSchema } from '../store/questions/spend.js';
import { tallyCalls } from '../store/questions/tally.js';
import { answering, BadRequest, questionSchema, readQuery, windowOf } from './request.js';
import { startPage } from './start-page.js';
import { traceView } from './trace-view.js';

export interface ApiOptions {
  readonly store: Store;
  readonly contract: CompiledContract;
  readonly log: Logger;
  /** The present, microseconds since 1970. */
  readonly clockUs: () => number;
  readonly quietMs: number;
}

const limitSchema = z.coerce.number().int().min(1).max(1_000);

const callsSchema = questionSchema.extend({ limit: limitSchema.default(100), cursor: z.string().optional() });
const limitedSchema = questionSchema.extend({ limit: limitSchema.default(100) });
const spendSchema = limitedSchema.extend({
  by: z
    .string()
    .default('tenant')
    .transform((text) => text.split(','))
    .pipe(z.array(spendDimensionSchema).min(1).max(2)),
});
const historySchema = scopeSchema.extend({ limit: limitSchema.default(100) });

/** The HTTP API: questions over audited calls. */
export function createApi(options: ApiOptions): Express {
  const { store, clockUs } = options;
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.use(refuseForeignHosts);
  app.get('/', (_request, response) => {
    response.type('html').send(startPage());
  });
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
  app.use('/v1', questions(options));
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

function questions({ store, contract, clockUs }: ApiOptions): express.Router {
  const router = express.Router();
  router.get(
    '/calls',
    answering(async (request) => {
      const { limit, cursor, ...query } = readQuery(callsSchema, request);
      return listCalls(store, query, windowOf(query, clockUs()), { limit, cursor }).catch((error: unknown) => {
        throw error instanceof RangeError ? new BadRequest(error.message) : error;
      });
    }),
  );
  router.get(
    '/gaps',
    answering(async (request) => {
      const { limit, ...query } = readQuery(limitedSchema, request);
      return { gaps: await findGaps(store, query, windowOf(query, clockUs()), limit) };
    }),
  );
  router.get(
    '/score',
    answering(async (request) => {
      const query = readQuery(questionSchema, request);
      return { score: scoreOf(await tallyCalls(store, query, windowOf(query, clockUs()))) };
    }),
  );
  router.get(
    '/gate',
    answering(async (request) => askGate(store, contract.source, readQuery(scopeSchema, request), clockUs())),
  );
  router.get(
    '/gate/history',
    answering(async (request) => {
      const { limit, ...scope } = readQuery(historySchema, request);
      return { answers: await gateHistory(store, scope, limit) };
    }),
  );
  router.get(
    '/routes',
    answering(async (request) => {
      const { limit, ...query } = readQuery(limitedSchema, request);
      return { routes: await listRoutes(store, query, windowOf(query, clockUs()), limit) };
    }),
  );
  router.get(
    '/spend',
    answering(async (request) => {
      const { by, limit, ...query } = readQuery(spendSchema, request);
      return { spend: await spendBy(store, by, query, windowOf(query, clockUs()), limit) };
    }),
  );
  return router;
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
