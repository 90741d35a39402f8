import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { StoreAddress } from '../../collector/store/client.js';
import { loadCredentials } from '../../collector/store/embedded/credentials.js';
import type { Engine } from '../../collector/store/embedded/engine.js';
import { startEmbeddedClickHouse } from '../../collector/store/embedded/engine.js';
import { freePort } from './free-port.js';

/** Several real ClickHouses that know each other as the shards of one cluster, each started again when it dies. */
export interface TestCluster extends AsyncDisposable {
  readonly engines: readonly Engine[];
  /** The cluster, asked at its first shard. */
  readonly address: StoreAddress & { readonly cluster: string };
  /** One of its servers, in a database of its own. */
  readonly serverAt: (shard: number, database: string) => StoreAddress;
}

/** Starts the shards, without a schema. */
export async function startTestCluster(shards = 2): Promise<TestCluster> {
  const root = await mkdtemp(join(tmpdir(), 'waybill-cluster-'));
  const { waybill: password } = await loadCredentials(root);
  const members = [];
  for (let i = 0; i < shards; i += 1) {
    const dataDir = join(root, String(i));
    // The servers of a cluster have the same users.
    await cp(join(root, 'waybill.password'), join(dataDir, 'waybill.password'), { recursive: true });
    members.push({ dataDir, httpPort: await freePort(), nativePort: await freePort() });
  }
  const config = clusterConfig(password, members);
  const engines = await Promise.all(
    members.map(async ({ dataDir, httpPort, nativePort }) => {
      // ClickHouse reads these beside clickhouse.xml.
      await mkdir(join(dataDir, 'clickhouse.d'));
      await writeFile(join(dataDir, 'clickhouse.d', 'cluster.xml'), config);
      const log = pino({ level: 'silent' });
      return startEmbeddedClickHouse({
        dataDir,
        httpPort,
        nativePort,
        memoryBytes: 2 ** 30,
        longestBackoffMs: 200,
        log,
      });
    }),
  );
  const serverAt = (shard: number, database: string): StoreAddress => {
    const engine = engines[shard];
    if (engine === undefined) throw new Error(`There is no shard ${shard}.`);
    return { url: engine.url, username: engine.username, password: engine.password, database };
  };
  return {
    engines,
    address: { ...serverAt(0, 'waybill'), cluster: 'fleet' },
    serverAt,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(engines.map((engine) => engine.stop()));
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function clusterConfig(password: string, members: readonly { readonly nativePort: number }[]): string {
  const shards = members.map(
    ({ nativePort }) => `<shard><internal_replication>true</internal_replication><replica>
      <host>127.0.0.1</host><port>${nativePort}</port><user>waybill</user><password>${password}</password>
    </replica></shard>`,
  );
  return `<clickhouse><remote_servers><fleet>${shards.join('')}</fleet></remote_servers></clickhouse>`;
}
