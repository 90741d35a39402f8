/** What a statement of the schema has to know of a cluster that is kept by a Keeper. */
export interface ReplicatedCluster {
  readonly cluster: string;
  /** The database of the tables that hold the rows. */
  readonly database: string;
}

const VERB = String.raw`(?:CREATE(?: OR REPLACE)?|ALTER|DROP|TRUNCATE)`;
const KIND = '(?:DATABASE|TABLE|VIEW|MATERIALIZED VIEW)';
const NAMED = new RegExp(String.raw`^((?:\s|--.*\n)*${VERB} ${KIND}(?: IF (?:NOT )?EXISTS)?) (?:(\w+)\.)?(\w+)`, 'i');
const RENAME = /^(?:\s|--.*\n)*RENAME TABLE\s/i;
const ENGINE = /\bENGINE = (\w*)MergeTree\b(?:\(([^)]*)\))?/;

/**
 * A statement of the schema for a cluster with a Keeper: it runs on every server, and its tables are replicated within
 * each shard. Which migrations are applied is replicated to all.
 *
 * @throws Error where it is not known how
 */
export function onCluster(statement: string, { cluster, database }: ReplicatedCluster): string {
  if (RENAME.test(statement)) return `${statement} ON CLUSTER ${cluster}`;
  const [, what = '', , table = ''] = NAMED.exec(statement) ?? [];
  if (what === '') throw new Error(`It is not known how to run this on a cluster: ${statement}`);
  const [shard, replica] = table === 'migrations' ? ['all', '{shard}-{replica}'] : ['{shard}', '{replica}'];
  return statement
    .replace(NAMED, (named) => `${named} ON CLUSTER ${cluster}`)
    .replace(ENGINE, (_, kind: string, settings?: string) => {
      const place = [`'/clickhouse/tables/${shard}/${database}/${table}'`, `'${replica}'`];
      return `ENGINE = Replicated${kind}MergeTree(${[...place, ...(settings ? [settings] : [])].join(', ')})`;
    })
    .replaceAll('non_replicated_deduplication_window', 'replicated_deduplication_window');
}
