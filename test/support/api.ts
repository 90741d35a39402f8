import { pino } from 'pino';
import type { CompiledContract } from '../../auditor/contract.js';
import { createApi } from '../../collector/api/app.js';
import { startAuditNews } from '../../collector/api/audit-news.js';
import { startApi } from '../../collector/api/start-api.js';
import type { Door } from '../../collector/keys/door.js';
import { localDoor } from '../../collector/keys/door.js';
import type { Usage } from '../../collector/keys/usage.js';
import type { Store } from '../../collector/store/client.js';
import { createMetrics } from '../../collector/watch/metrics.js';
import { createReadiness } from '../../collector/watch/readiness.js';

/** The API at a free port. */
export interface TestApi extends AsyncDisposable {
  readonly url: string;
}

/** Serves the API over a store. @param clockUs the present, microseconds since 1970 */
export async function startTestApi(
  store: Store,
  contract: CompiledContract,
  clockUs: () => number,
  { door = localDoor, usage }: { door?: Door; usage?: Usage } = {},
): Promise<TestApi> {
  const log = pino({ level: 'silent' });
  const news = startAuditNews({ store, log, intervalMs: 100 });
  const app = createApi({
    store,
    contract,
    log,
    clockUs,
    quietMs: 5_000,
    metrics: createMetrics(),
    readiness: createReadiness(store),
    door,
    news,
    ...(usage === undefined ? {} : { usage }),
  });
  const server = await startApi(app, '127.0.0.1', 0);
  return {
    url: `http://127.0.0.1:${server.port}`,
    [Symbol.asyncDispose]: async () => {
      await news[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}
