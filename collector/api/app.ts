import type { Express, Request } from 'express';
import express from 'express';
import type { CompiledContract } from '../../auditor/contract.js';
import { localDoor } from '../keys/door.js';
import type { Usage } from '../keys/usage.js';
import type { Rollouts } from '../rollout/loop.js';
import type { Decisions } from '../decisions/start.js';
import type { BaseAppOptions, PayloadsOptions } from './base-app.js';
import { answerTheRest, createBaseApp, takePayloads } from './base-app.js';
import { decide, decisionRoute } from './decide.js';
import { decideForPortkey, decideForProxies } from './decide-for-gateways.js';
import { changeRollout, rolloutRoute, withdrawRollout } from './change-rollout.js';
import type { Guard } from './guard.js';
import { requireUnbound, storeFor } from './guard.js';
import type { TellProgress } from './answer-in-lines.js';
import { answeringInLines } from './answer-in-lines.js';
import type { AuditNews } from './audit-news.js';
import { questions } from './questions.js';
import { login } from './login.js';
import { page } from './page.js';
import { answering, BadRequest } from './request.js';
import { traceView } from './trace-view.js';

export interface ApiOptions extends BaseAppOptions, PayloadsOptions {
  readonly contract: CompiledContract;
  readonly quietMs: number;
  /** Left out: what is done is not written down. */
  readonly usage?: Usage;
  readonly news: AuditNews;
  readonly rollouts: Rollouts;
  readonly decisions: Decisions;
}

/** The HTTP API: questions over audited calls. */
export function createApi(options: ApiOptions): Express {
  const { store, clockUs, door = localDoor } = options;
  const base = createBaseApp(options);
  const { app, guard, sessions } = base;
  app.use(login(door, sessions, options.usage));
  app.use(page());
  // It says only that something came, so whoever may ask may listen.
  app.get('/v1/events', guard.admit('read', 'news of audits'), options.news.stream);
  app.use('/v1', router(options, guard));
  takePayloads(base, options);
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
  answerTheRest(base, options.log, 'the questions are under /v1/');
  return app;
}

function router({ store, contract, clockUs, usage, log }: ApiOptions, guard: Guard): express.Router {
  const routes = express.Router();
  for (const { path, role = 'read', isForTenants = false, takesLong = false, answer } of questions) {
    const answered = async (request: Request, tell?: TellProgress): Promise<unknown> => {
      const caller = guard.callerOf(request);
      if (!isForTenants) requireUnbound(caller);
      return answer(request.query, {
        store: storeFor(caller, store),
        contract,
        nowUs: clockUs(),
        caller,
        note: (action, detail) => usage?.note(caller.id, action, detail),
        ...(tell && { tell }),
      });
    };
    routes.get(
      path,
      guard.admit(role, role === 'read' ? 'questions' : path),
      takesLong ? answeringInLines(answered, log) : answering((request) => answered(request)),
    );
  }
  return routes;
}
