import * as z from 'zod';
import { StartError } from '../../start-error.js';
import type { Store } from '../client.js';

/** How the tables of a cluster are called. */
export interface FacesOptions {
  readonly cluster: string;
  /** The database that is asked. */
  readonly database: string;
  /** The one of the tables that hold the rows. */
  readonly local: string;
}

const tablesSchema = z.array(
  z.object({
    database: z.string(),
    name: z.string(),
    engine: z.string(),
    columns: z.array(z.tuple([z.string(), z.string()])),
    mark: z.string(),
  }),
);
type Table = z.infer<typeof tablesSchema>[number];

/**
 * Makes the tables by which a cluster is written and asked as one: for each that holds rows one that divides and
 * gathers them, with the same name and columns. One that is as it should be stays as it is.
 *
 * @throws StartError where a table with rows of its own has such a name
 */
export async function makeFaces(holder: Store, { cluster, database, local }: FacesOptions): Promise<void> {
  const tables = tablesSchema.parse(
    await holder.rows(
      `
      SELECT
          tables.database AS database, tables.name AS name, tables.engine AS engine,
          groupArray((one.name, one.type)) AS columns,
          toString(groupBitXor(cityHash64(one.name, one.type, one.position, one.default_expression, one.comment))) AS mark
      FROM system.tables AS tables
      INNER JOIN system.columns AS one ON one.database = tables.database AND one.table = tables.name
      WHERE tables.database IN ({local: String}, {database: String})
        AND (tables.engine LIKE '%MergeTree' OR tables.engine = 'Distributed')
      GROUP BY database, name, engine
      ORDER BY name`,
      { local, database },
    ),
  );
  const faces = new Map(tables.filter((one) => one.database === database).map((one) => [one.name, one]));
  const stranger = [...faces.values()].find(({ engine }) => engine !== 'Distributed');
  if (stranger !== undefined) {
    throw new StartError(
      `The database ${database} holds rows of a single server, in ${stranger.name} and others. Name another one in CLICKHOUSE_URL for the cluster.`,
    );
  }
  for (const table of tables.filter((one) => one.database === local)) {
    if (faces.get(table.name)?.mark === table.mark) continue;
    await holder.command(
      `CREATE OR REPLACE TABLE ${database}.${table.name} AS ${local}.${table.name} ` +
        `ENGINE = Distributed(${cluster}, ${local}, ${table.name}, ${shardKeyOf(table)})`,
    );
  }
}

/**
 * By what rows are divided. What belongs to a trace lies with the trace, so that it is audited, replaced and joined
 * within a shard. What is little, and is written once by the token of an insert or in order, is on the first shard.
 */
function shardKeyOf({ name, columns }: Table): string {
  for (const id of ['trace_id', 'own_trace_id']) {
    if (columns.some(([column, type]) => column === id && type === 'FixedString(32)')) return `cityHash64(${id})`;
  }
  // One a request, which may be many; a retried one has the same id.
  return name === 'decisions' ? 'cityHash64(id)' : '0';
}
