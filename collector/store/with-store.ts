import { pino } from 'pino';
import type { StoreFlags } from '../config.js';
import { serveConfig, storeAddress } from '../config.js';
import type { Store } from './client.js';
import { connectStore } from './client.js';
import { startEmbeddedClickHouse } from './embedded/engine.js';
import { ping } from './embedded/ping.js';
import { migrate } from './migrate.js';

/**
 * Does something with the store of a Waybill, whether it runs or not: where its embedded ClickHouse does not answer, it
 * is started for the time being. So the first key can be made before anyone is served.
 *
 * @throws StartError where it can neither be reached nor started
 */
export async function withStore<T>(
  flags: StoreFlags,
  env: NodeJS.ProcessEnv,
  use: (store: Store) => Promise<T>,
): Promise<T> {
  const config = serveConfig(flags, env);
  await using engine = config.clickHouse === null ? await startedUnlessRunning() : null;
  void engine;
  const address = await storeAddress(flags, env);
  await migrate(address);
  await using store = connectStore(address);
  return await use(store);

  async function startedUnlessRunning(): Promise<AsyncDisposable | null> {
    const { dataDir, clickHousePort, clickHouseNativePort, clickHouseMemoryBytes } = config;
    const running = await storeAddress(flags, env).catch(() => null);
    if (running !== null && (await ping(running)) !== 'refused') return null;
    return startEmbeddedClickHouse({
      dataDir,
      host: config.clickHouseHost,
      httpPort: clickHousePort,
      nativePort: clickHouseNativePort,
      memoryBytes: clickHouseMemoryBytes,
      log: pino({ level: 'silent' }),
    });
  }
}
