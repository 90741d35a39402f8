import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { packagePath } from '../package-path.js';
import { StartError } from '../start-error.js';
import type { Store, StoreAddress } from './client.js';
import { makeFaces } from './cluster/faces.js';
import type { Holder } from './cluster/holders.js';
import { holdersOf } from './cluster/holders.js';
import { QueryRefused, StoreUnavailable } from './errors.js';
import type { Lock } from './lock.js';
import { takeLock } from './lock.js';

interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sha256: string;
  readonly statements: readonly string[];
}

/** No migration reads what is stored, so that each takes seconds at most. */
const TURN_WITHIN_MS = 120_000;
const TURN_EVERY_MS = 100;

const appliedSchema = z.array(z.object({ number: z.number(), name: z.string(), sha256: z.string() }));

/**
 * Brings the schema of a database up to date: applies each numbered file of `schemas/clickhouse/` that it has not seen.
 * On a cluster it does so wherever rows are held.
 *
 * A crash half way does no harm, since every statement of a file may be run again. Of several processes that come to a
 * server at once the first migrates, and the others wait: a table that is replaced would be so under the feet of who is done.
 *
 * @param directory the SQL files; those of the package unless a test says otherwise
 * @returns the names of the files that were applied
 * @throws StartError where ClickHouse cannot be used, an applied file has changed since, a file cannot be applied, or
 *   the database is newer than this program
 */
export async function migrate(
  address: StoreAddress,
  directory: string = packagePath('schemas', 'clickhouse'),
): Promise<string[]> {
  const migrations = await readMigrations(directory);
  const holders = await startable(`ClickHouse at ${address.url} cannot be used`, () => holdersOf(address));
  const applied = new Set<string>();
  for (const holder of holders) for (const name of await migrateHolder(holder, migrations, address)) applied.add(name);
  return [...applied];
}

async function migrateHolder(
  holder: Holder,
  migrations: readonly Migration[],
  { cluster, database }: StoreAddress,
): Promise<string[]> {
  await using store = holder.connect(holder.database);
  await startable(`ClickHouse at ${holder.url} cannot be used`, async () => {
    for (const name of new Set([holder.database, database])) await createDatabase(holder, name);
    if (cluster === undefined) await refuseFaces(store, database);
    await store.command(migrationsTable);
  });
  const missing = (): Promise<Migration[]> =>
    startable(`ClickHouse at ${holder.url} cannot be used`, async () =>
      pendingMigrations(
        holder.database,
        migrations,
        appliedSchema.parse(await store.rows('SELECT number, name, sha256 FROM migrations FINAL')),
      ),
    );
  if ((await missing()).length === 0 && cluster === undefined) return [];
  await using _turn = await turnOf(store, holder);
  const pending = await missing();
  for (const one of pending)
    await startable(`${one.name} cannot be applied to ${holder.database}`, () => apply(store, one));
  if (cluster !== undefined) {
    await startable(`The tables of the cluster ${cluster} cannot be made`, () =>
      makeFaces(store, { cluster, database, local: holder.database }),
    );
  }
  return pending.map(({ name }) => name);
}

async function apply(store: Store, { number, name, sha256, statements }: Migration): Promise<void> {
  for (const statement of statements) await store.command(statement);
  await store.command(
    'INSERT INTO migrations (number, name, sha256) VALUES ({number: UInt32}, {name: String}, {sha256: String})',
    { number, name, sha256 },
  );
}

/** Resolves when no other process migrates this database any more. */
async function turnOf(store: Store, { url, database }: Holder): Promise<Lock> {
  const patience = performance.now() + TURN_WITHIN_MS;
  for (;;) {
    const lock = await startable(`ClickHouse at ${url} cannot be used`, () =>
      takeLock(store, `waybill-migrate-${database}`, 'migrate'),
    );
    if (lock !== null) return lock;
    if (performance.now() > patience) {
      throw new StartError(
        `Another process has been bringing ${database} up to date for ${TURN_WITHIN_MS / 60_000} minutes. Start again when it is done.`,
      );
    }
    await sleep(TURN_EVERY_MS);
  }
}

/** What only divides and gathers has to be asked as a cluster: else an insert would be answered before it is written. */
async function refuseFaces(store: Store, database: string): Promise<void> {
  const [face] = z.array(z.object({ cluster: z.string() })).parse(
    await store.rows(
      `
        SELECT splitByChar('\\'', engine_full)[2] AS cluster
        FROM system.tables
        WHERE database = {database: String} AND engine = 'Distributed'
        LIMIT 1`,
      { database },
    ),
  );
  if (face === undefined) return;
  throw new StartError(
    `The database ${database} is that of the cluster '${face.cluster}'. Say so: WAYBILL_CLICKHOUSE_CLUSTER=${face.cluster}`,
  );
}

const migrationsTable = `
  CREATE TABLE IF NOT EXISTS migrations
  (
      number     UInt32                COMMENT 'Number of the SQL file',
      name       String                COMMENT 'Its name',
      sha256     String                COMMENT 'Hash of its text, hex',
      applied_at DateTime64(6, 'UTC')  DEFAULT now64(6) COMMENT 'When it was applied'
  )
  ENGINE = ReplacingMergeTree
  ORDER BY number`;

function pendingMigrations(
  database: string,
  migrations: readonly Migration[],
  applied: z.infer<typeof appliedSchema>,
): Migration[] {
  const newest = Math.max(0, ...migrations.map(({ number }) => number));
  const unknown = applied.find(({ number }) => number > newest);
  if (unknown !== undefined) {
    throw new StartError(
      `The database ${database} has schema ${unknown.number} (${unknown.name}), newer than this Waybill knows. Use the version that wrote it, or a newer one.`,
    );
  }
  return migrations.filter(({ number, name, sha256 }) => {
    const before = applied.find((one) => one.number === number);
    if (before !== undefined && before.sha256 !== sha256) {
      throw new StartError(
        `${name} was changed after it had been applied. Undo the change, and put it into a new file.`,
      );
    }
    return before === undefined;
  });
}

/** Runs a step of starting, and says which step it was where the store does not let it. */
async function startable<T>(failure: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof StoreUnavailable || error instanceof QueryRefused)) throw error;
    throw new StartError(`${failure}. ${error.message}`, { cause: error });
  }
}

/** Creates a database where there is none: a user who may not create one can be given one that exists. */
async function createDatabase(holder: Holder, name: string): Promise<void> {
  await using server = holder.connect('default');
  const found = await server.rows('SELECT name FROM system.databases WHERE name = {name: String}', { name });
  if (found.length === 0) await server.command(`CREATE DATABASE IF NOT EXISTS ${name}`);
}

async function readMigrations(directory: string): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => /^\d{4}_\w+\.sql$/.test(name)).toSorted();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(directory, name), 'utf8');
      return {
        number: Number(name.slice(0, 4)),
        name,
        sha256: createHash('sha256').update(text).digest('hex'),
        statements: text
          .split(/;\s*$/m)
          .map((statement) => statement.trim())
          .filter((statement) => statement.replaceAll(/^--.*$/gm, '').trim() !== ''),
      };
    }),
  );
}
