import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { migrateCommand } from '../../../collector/cli/migrate.js';
import { packagePath } from '../../../collector/package-path.js';
import { StartError } from '../../../collector/start-error.js';
import type { Store, StoreAddress } from '../../../collector/store/client.js';
import { connectStore } from '../../../collector/store/client.js';
import { migrate } from '../../../collector/store/migrate.js';
import { freePort } from '../../support/free-port.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';

let test: TestStore;
let directory: string;
let address: StoreAddress;
let store: Store;
let databases = 0;

beforeAll(async () => {
  test = await startTestStore();
});
afterAll(async () => {
  await test[Symbol.asyncDispose]();
});
/** Each test has a database and a directory of SQL files of its own. */
beforeEach(async () => {
  databases += 1;
  address = { ...test.address, database: `migrated_${databases}` };
  store = connectStore(address);
  directory = await mkdtemp(join(tmpdir(), 'waybill-test-'));
  return async () => {
    await store.close();
    await rm(directory, { recursive: true, force: true });
  };
});

async function sql(name: string, text: string): Promise<void> {
  await writeFile(join(directory, name), text);
}

async function failureOf(action: Promise<unknown>): Promise<unknown> {
  return action.then(
    () => 'it did not fail',
    (error: unknown) => error,
  );
}

async function tables(): Promise<unknown[]> {
  const rows = await store.rows('SELECT name FROM system.tables WHERE database = {database: String} ORDER BY name', {
    database: address.database,
  });
  return rows.map((row) => Object(row).name);
}

const one = `-- One; with a comment that ends in a semicolon;
CREATE TABLE IF NOT EXISTS one (a String DEFAULT ';') ENGINE = MergeTree ORDER BY a;

-- Two.
CREATE TABLE IF NOT EXISTS two (a UInt8) ENGINE = MergeTree ORDER BY a;
`;

it('applies all files of the package, then none', async () => {
  const files = (await readdir(packagePath('schemas', 'clickhouse'))).toSorted();
  expect(await migrate(address)).toEqual(files);
  expect(await tables()).toEqual(expect.arrayContaining(['audits', 'calls', 'migrations', 'spans']));
  expect(await migrate(address)).toEqual([]);
  expect(await store.rows('SELECT count() AS applied FROM migrations FINAL')).toEqual([
    { applied: String(files.length) },
  ]);
});

it('may apply any file of the package again after a crash that kept it from being recorded', async () => {
  const files = await migrate(address);
  await store.command('INSERT INTO cuts (shard, cut, updated_at) VALUES ({shard: String}, now64(6), now64(6))', {
    shard: '1/1',
  });
  await store.command('TRUNCATE TABLE migrations');
  expect(await migrate(address)).toEqual(files);
  expect(await store.rows('SELECT shard FROM cuts')).toEqual([{ shard: '1/1' }]);
});

it('applies what a half-applied file still lacks', async () => {
  await sql('0001_one.sql', `${one}CREATE TABLE three (a UInt8) ENGINE = Nonsense;`);
  expect(await failureOf(migrate(address, directory))).toBeInstanceOf(StartError);
  expect(await tables()).toEqual(['migrations', 'one', 'two']);
  await sql('0001_one.sql', `${one}CREATE TABLE IF NOT EXISTS three (a UInt8) ENGINE = Memory;`);
  expect(await migrate(address, directory)).toEqual(['0001_one.sql']);
  expect(await tables()).toEqual(['migrations', 'one', 'three', 'two']);
});

it('names the file that cannot be applied, and applies none after it', async () => {
  await sql('0001_one.sql', one);
  await sql('0002_bad.sql', 'CREATE TABLE IF NOT EXISTS bad (a Nonsense) ENGINE = Memory;');
  await sql('0003_late.sql', 'CREATE TABLE IF NOT EXISTS late (a UInt8) ENGINE = Memory;');
  const failure = await failureOf(migrate(address, directory));
  expect(failure).toBeInstanceOf(StartError);
  expect(failure).toMatchObject({
    message: expect.stringMatching(
      /^0002_bad\.sql cannot be applied to migrated_\d+\. ClickHouse refused 'CREATE TABLE/,
    ),
  });
  expect(await tables()).toEqual(['migrations', 'one', 'two']);
});

it('applies only the file that is new', async () => {
  await sql('0001_one.sql', one);
  await migrate(address, directory);
  await sql('0002_more.sql', 'ALTER TABLE two ADD COLUMN IF NOT EXISTS b UInt8;');
  expect(await migrate(address, directory)).toEqual(['0002_more.sql']);
});

it('refuses a file that was changed after it had been applied, and names it', async () => {
  await sql('0001_one.sql', one);
  await migrate(address, directory);
  await sql('0001_one.sql', `${one}-- An afterthought.`);
  const failure = await failureOf(migrate(address, directory));
  expect(failure).toBeInstanceOf(StartError);
  expect(failure).toMatchObject({
    message: '0001_one.sql was changed after it had been applied. Undo the change, and put it into a new file.',
  });
});

it('refuses a database that is newer than the program', async () => {
  await sql('0001_one.sql', one);
  await sql('0002_more.sql', 'ALTER TABLE two ADD COLUMN IF NOT EXISTS b UInt8;');
  await migrate(address, directory);
  await rm(join(directory, '0002_more.sql'));
  const failure = await failureOf(migrate(address, directory));
  expect(failure).toBeInstanceOf(StartError);
  expect(failure).toMatchObject({
    message: expect.stringMatching(/^The database migrated_\d+ has schema 2 \(0002_more\.sql\), newer than/),
  });
});

it('may run in several processes at once', async () => {
  const files = (await readdir(packagePath('schemas', 'clickhouse'))).toSorted();
  await Promise.all([1, 2, 3, 4].map(() => migrate(address)));
  expect(await store.rows('SELECT name FROM migrations FINAL ORDER BY number')).toEqual(
    files.map((name) => ({ name })),
  );
  expect(await migrate(address)).toEqual([]);
});

it('says that ClickHouse is not there', async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const failure = await failureOf(migrate({ ...address, url }));
  expect(failure).toBeInstanceOf(StartError);
  expect(failure).toMatchObject({ message: expect.stringContaining(`ClickHouse at ${url} cannot be used.`) });
});

it('is what `waybill migrate` does, and it says what it applied', async () => {
  const { url, username, password, database } = address;
  vi.stubEnv('CLICKHOUSE_URL', `http://${username}:${encodeURIComponent(password)}@${new URL(url).host}/${database}`);
  const log = vi.spyOn(console, 'log').mockReturnValue();
  try {
    for (const flags of [[], [], ['--format', 'json']]) await migrateCommand().parseAsync(flags, { from: 'user' });
    expect(log.mock.calls.flat()).toEqual([
      expect.stringMatching(/^Applied: 0001_spans\.sql, 0002_calls\.sql, .*\.sql\.$/),
      'The schema is up to date.',
      JSON.stringify({ applied: [] }, null, 2),
    ]);
  } finally {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  }
});
