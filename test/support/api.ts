import type { ServerOptions } from 'node:http';
import type { Express } from 'express';
import { pino } from 'pino';
import type { CompiledContract } from '../../auditor/contract.js';
import { createApi } from '../../collector/api/app.js';
import { startAuditNews } from '../../collector/api/audit-news.js';
import { startApi } from '../../collector/api/start-api.js';
import type { Door } from '../../collector/keys/door.js';
import { localDoor } from '../../collector/keys/door.js';
import type { Usage } from '../../collector/keys/usage.js';
import type { Rollouts } from '../../collector/rollout/loop.js';
import { createDecisionMetrics } from '../../collector/decisions/metrics.js';
import type { Decisions } from '../../collector/decisions/start.js';
import { startDecisions } from '../../collector/decisions/start.js';
import { startRollouts } from '../../collector/rollout/loop.js';
import { createRolloutMetrics } from '../../collector/rollout/metrics.js';
import { ofrepBefore } from '../../collector/rollout/ofrep.js';
import type { Store } from '../../collector/store/client.js';
import { createMetrics } from '../../collector/watch/metrics.js';
import { createReadiness } from '../../collector/watch/readiness.js';

/** The API at a free port. */
export interface TestApi extends AsyncDisposable {
  readonly url: string;
  readonly app: Express;
  /** Does nothing by itself: it judges when it is told to. */
  readonly rollouts: Rollouts;
  /** Reads what is spent when it is told to. */
  readonly decisions: Decisions;
}

/** Serves the API over a store. @param clockUs the present, microseconds since 1970 */
export async function startTestApi(
  store: Store,
  contract: CompiledContract,
  clockUs: () => number,
  {
    door = localDoor,
    usage,
    clockMs,
    times,
  }: { door?: Door; usage?: Usage; clockMs?: () => number; times?: ServerOptions } = {},
): Promise<TestApi> {
  const log = pino({ level: 'silent' });
  const metrics = createMetrics();
  const rolloutMetrics = createRolloutMetrics(metrics.registry);
  const rollouts = await startRollouts({
    store,
    contract: contract.source,
    metrics: rolloutMetrics,
    clockUs,
    log,
    isTimed: false,
    ...(clockMs === undefined ? {} : { clockMs }),
  });
  const decisions = await startDecisions({
    store,
    contract,
    modes: rollouts,
    metrics: createDecisionMetrics(metrics.registry),
    clockUs,
    log,
    isTimed: false,
  });
  const news = startAuditNews({ store, log, intervalMs: 100 });
  const app = createApi({
    store,
    contract,
    log,
    clockUs,
    quietMs: 5_000,
    metrics,
    readiness: createReadiness(store),
    door,
    news,
    rollouts,
    decisions,
    ...(usage === undefined ? {} : { usage }),
  });
  const front = ofrepBefore(app, { modes: rollouts, contract, door, metrics: rolloutMetrics, log });
  const server = await startApi(front, '127.0.0.1', 0, null, times);
  return {
    url: `http://127.0.0.1:${server.port}`,
    app,
    rollouts,
    decisions,
    [Symbol.asyncDispose]: async () => {
      await news[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      await decisions[Symbol.asyncDispose]();
      await rollouts.stop();
    },
  };
}
