import type { StoreAddress } from '../../collector/store/client.js';
import { connectStore } from '../../collector/store/client.js';
import { migrate } from '../../collector/store/migrate.js';
import { spanColumns } from '../../collector/store/spans.js';
import type { TestCluster } from '../support/cluster.js';
import { startTestCluster } from '../support/cluster.js';
import type { Figure } from './figure.js';
import { figure } from './figure.js';
import { PREPARED_SPANS, preparedBody } from './prepared-body.js';
import { cpuSecondsOf } from './processes.js';

/** Inserts of a run: ClickHouse merges beside them, so one alone says little. */
const INSERTS = 8;

/**
 * What it costs ClickHouse to have two shards: CPU for the same rows into one server, and through the tables that divide
 * them, in turns.
 */
export async function benchCluster(runs = 5): Promise<readonly Figure[]> {
  await using cluster = await startTestCluster(2);
  const alone = cluster.serverAt(0, 'alone');
  await migrate(alone);
  await migrate(cluster.address);
  const fresh = preparedBody(4);
  const one: number[] = [];
  const two: number[] = [];
  for (let run = 0; run <= runs; run += 1) {
    one.push(await cpuOf(cluster, alone, fresh));
    two.push(await cpuOf(cluster, cluster.address, fresh));
  }
  const perMillion = (seconds: readonly number[]): number[] =>
    seconds.slice(1).map((cpu) => (cpu * 1_000_000) / (INSERTS * PREPARED_SPANS));
  const ratios = two.slice(1).map((cpu, i) => cpu / (one[i + 1] ?? Number.NaN));
  return [
    figure('CPU of ClickHouse, inserts into one server', 's/million spans', perMillion(one)),
    figure('CPU of ClickHouse, inserts into two shards, both together', 's/million spans', perMillion(two)),
    figure('inserts into two shards against one server', 'times the CPU', ratios),
  ];
}

async function cpuOf({ engines }: TestCluster, address: StoreAddress, fresh: () => Buffer): Promise<number> {
  const used = (): number => engines.reduce((sum, engine) => sum + cpuSecondsOf(engine.pid() ?? Number.NaN), 0);
  await using store = connectStore(address);
  const before = used();
  for (let i = 0; i < INSERTS; i += 1) await store.insertRowBinary('spans', spanColumns, fresh());
  return used() - before;
}
