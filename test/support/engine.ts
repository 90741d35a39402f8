import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pino } from 'pino';
import type { Store, StoreAddress } from '../../collector/store/client.js';
import { connectStore } from '../../collector/store/client.js';
import type { Engine } from '../../collector/store/embedded/engine.js';
import { startEmbeddedClickHouse } from '../../collector/store/embedded/engine.js';
import { migrate } from '../../collector/store/migrate.js';
import { freePort } from './free-port.js';
import { prepareDataDir } from './prepared-store.js';

/** A real ClickHouse with our schema, for one test file. */
export interface TestStore extends AsyncDisposable {
  readonly dataDir: string;
  readonly engine: Engine;
  readonly nativePort: number;
  readonly address: StoreAddress;
  readonly store: Store;
}

/**
 * Starts a ClickHouse in a temporary directory and on free ports; disposing of it removes every trace.
 *
 * @param beside files that it finds in its directory, such as `clickhouse-users.d/more.xml`
 */
export async function startTestStore(beside: Readonly<Record<string, string>> = {}): Promise<TestStore> {
  const dataDir = await mkdtemp(join(tmpdir(), 'waybill-test-'));
  await prepareDataDir(dataDir);
  for (const [path, text] of Object.entries(beside)) {
    await mkdir(dirname(join(dataDir, path)), { recursive: true });
    await writeFile(join(dataDir, path), text);
  }
  const nativePort = await freePort();
  const engine = await startEmbeddedClickHouse({
    dataDir,
    httpPort: await freePort(),
    nativePort,
    memoryBytes: 2 * 1024 ** 3,
    longestBackoffMs: 200,
    log: pino({ level: 'silent' }),
  });
  const address = { url: engine.url, username: engine.username, password: engine.password, database: 'waybill' };
  await migrate(address);
  const store = connectStore(address);
  return {
    dataDir,
    engine,
    nativePort,
    address,
    store,
    [Symbol.asyncDispose]: async () => {
      await store.close();
      await engine.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
