import * as z from 'zod';
import { StartError } from '../../start-error.js';
import type { Store, StoreAddress } from '../client.js';
import { connectStore } from '../client.js';
import { onCluster } from './on-cluster.js';

/** Whoever holds tables with rows: a server, or all of a cluster that a Keeper keeps the same. */
export interface Holder {
  /** Where it is asked. */
  readonly url: string;
  /** The database of the tables that hold the rows. */
  readonly database: string;
  /** Speaks to it, in this database or another; statements of the schema reach every server that it stands for. */
  readonly connect: (database: string) => Store;
}

/**
 * Finds who holds the rows of a database. On a cluster they are in a database beside it, `waybill_local`, with the same
 * tables as a single server has; under its own name are tables that only divide and gather (`Distributed`).
 *
 * With a Keeper the cluster is one holder: each statement runs `ON CLUSTER`, on tables that are `Replicated`. Without
 * one, which ClickHouse needs for both, each shard is a holder, and none can have a second replica.
 *
 * @throws StartError where there is no such cluster, or it lacks what it needs
 */
export async function holdersOf(address: StoreAddress): Promise<readonly Holder[]> {
  const { cluster, database, ...server } = address;
  const at = (url: string) => (name: string) => connectStore({ ...server, url, database: name });
  if (cluster === undefined) return [{ url: server.url, database, connect: at(server.url) }];
  await using store = at(server.url)('default');
  const replicas = await replicasOf(store, cluster);
  const local = localOf(database);
  if (await hasKeeper(store)) {
    await requireMacros(store, cluster);
    return [{ url: server.url, database: local, connect: (name) => everywhere(at(server.url)(name), cluster, local) }];
  }
  if (replicas.some(({ replica }) => replica > 1)) {
    throw new StartError(
      `The cluster ${cluster} has shards of several replicas, and ClickHouse has no Keeper (<zookeeper>), without which replicas do not stay the same.`,
    );
  }
  const urls = await shardUrls(store, cluster, replicas, server.url);
  return urls.map((url) => ({ url, database: local, connect: at(url) }));
}

/** The database of the tables that hold the rows of a cluster. */
export function localOf(database: string): string {
  return `${database}_local`;
}

const replicasSchema = z.array(
  z.object({ shard: z.number(), replica: z.number(), host: z.string(), isReplicating: z.coerce.boolean() }),
);
type Replica = z.infer<typeof replicasSchema>[number];

async function replicasOf(store: Store, cluster: string): Promise<Replica[]> {
  const replicas = replicasSchema.parse(
    await store.rows(
      `
      SELECT shard_num AS shard, replica_num AS replica, host_name AS host, internal_replication AS isReplicating
      FROM system.clusters
      WHERE cluster = {cluster: String}
      ORDER BY shard, replica`,
      { cluster },
    ),
  );
  if (replicas.length === 0) {
    throw new StartError(
      `ClickHouse knows no cluster '${cluster}'. WAYBILL_CLICKHOUSE_CLUSTER is the name of one in its <remote_servers>.`,
    );
  }
  if (replicas.some(({ replica, isReplicating }) => replica > 1 && !isReplicating)) {
    throw new StartError(
      `The cluster ${cluster} needs <internal_replication>true</internal_replication> in each shard: else each row is written to every replica, and copied to it again.`,
    );
  }
  return replicas;
}

async function hasKeeper(store: Store): Promise<boolean> {
  return (await store.rows("SELECT 1 FROM system.tables WHERE database = 'system' AND name = 'zookeeper'")).length > 0;
}

async function requireMacros(store: Store, cluster: string): Promise<void> {
  const rows = await store.rows("SELECT 1 FROM system.macros WHERE macro IN ('shard', 'replica')");
  if (rows.length === 2) return;
  throw new StartError(
    `The servers of the cluster ${cluster} need <macros> that say their <shard> and <replica>: replicated tables are told apart by them.`,
  );
}

const portsSchema = z.array(z.object({ shard: z.coerce.number(), port: z.coerce.number() }));

/** Each shard is asked which port it serves HTTP on. */
async function shardUrls(store: Store, cluster: string, replicas: readonly Replica[], url: string): Promise<string[]> {
  const { protocol } = new URL(url);
  const ports = portsSchema.parse(
    await store.rows(
      `SELECT _shard_num AS shard, getServerPort({port: String}) AS port FROM cluster({cluster: String}, system.one)`,
      { cluster, port: protocol === 'https:' ? 'https_port' : 'http_port' },
    ),
  );
  return replicas.map(({ shard, host }) => {
    const port = ports.find((one) => one.shard === shard)?.port;
    return `${protocol}//${host.includes(':') ? `[${host}]` : host}:${port}`;
  });
}

/** Rows are written through the tables that divide them; whatever else is told to it is told to all. */
function everywhere(store: Store, cluster: string, database: string): Store {
  return {
    ...store,
    command: (sql, params) =>
      store.command(/^\s*INSERT\b/i.test(sql) ? sql : onCluster(sql, { cluster, database }), params),
  };
}
