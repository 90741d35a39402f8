import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { Store } from '../../../../collector/store/client.js';
import { connectStore } from '../../../../collector/store/client.js';
import type { TestStore } from '../../../support/engine.js';
import { startTestStore } from '../../../support/engine.js';

let test: TestStore;
let reader: Store;
let anyone: Store;

beforeAll(async () => {
  test = await startTestStore();
  const password = (await readFile(join(test.dataDir, 'reader.password'), 'utf8')).trim();
  reader = connectStore({ ...test.address, username: 'reader', password });
  anyone = connectStore({ ...test.address, username: 'default', password: '', database: 'default' });
});

afterAll(async () => {
  await reader.close();
  await anyone.close();
  await test[Symbol.asyncDispose]();
});

/** Waits until the server answers from another process than before. */
async function restarted(before: number | undefined): Promise<void> {
  for (let i = 0; i < 400; i += 1) {
    const answers = await test.store.rows('SELECT 1').then(
      () => true,
      () => false,
    );
    if (answers && test.engine.pid() !== before) return;
    await sleep(50);
  }
  throw new Error('ClickHouse was not started again within 20 s.');
}

function signal(name: NodeJS.Signals): number {
  const pid = test.engine.pid();
  if (pid === undefined) throw new Error('There is no server to send a signal to.');
  process.kill(pid, name);
  return pid;
}

/** How often the server has called fsync on files and on directories since it started. */
async function syncs(): Promise<{ files: number; directories: number }> {
  const [row] = z
    .tuple([z.object({ files: z.coerce.number(), directories: z.coerce.number() })])
    .parse(
      await test.store.rows(
        "SELECT sumIf(value, event = 'FileSync') AS files, sumIf(value, event = 'DirectorySync') AS directories FROM system.events",
      ),
    );
  return row;
}

describe('the embedded server', () => {
  it('writes an insert to disk before it answers, and what it merges before it drops the parts', async () => {
    expect(
      await test.store.rows(
        "SELECT name, value FROM system.merge_tree_settings WHERE name LIKE '%fsync%' AND changed ORDER BY name",
      ),
    ).toEqual([
      { name: 'fsync_after_insert', value: '1' },
      { name: 'fsync_part_directory', value: '1' },
      { name: 'min_rows_to_fsync_after_merge', value: '1' },
    ]);
    const before = await syncs();
    await test.store.command("INSERT INTO cuts (shard, cut, updated_at) VALUES ('a', now64(6), now64(6))");
    const inserted = await syncs();
    expect(inserted.files).toBeGreaterThan(before.files);
    expect(inserted.directories).toBeGreaterThan(before.directories);
    await test.store.command("INSERT INTO cuts (shard, cut, updated_at) VALUES ('b', now64(6), now64(6))");
    const twice = await syncs();
    await test.store.command('OPTIMIZE TABLE cuts FINAL');
    expect((await syncs()).files).toBeGreaterThan(twice.files);
  });

  it('keeps to its memory and to UTC, and keeps no logs in tables', async () => {
    expect(
      await test.store.rows(`
        SELECT
            (SELECT value FROM system.server_settings WHERE name = 'max_server_memory_usage') AS memory,
            timezone() AS zone,
            (SELECT count() FROM system.tables WHERE database = 'system' AND name LIKE '%\\_log') AS logs`),
    ).toEqual([{ memory: String(2 * 1024 ** 3), zone: 'UTC', logs: '0' }]);
  });

  it('keeps passwords and data from other users of the machine', async () => {
    const modes = ['clickhouse', 'waybill.password', 'reader.password', 'clickhouse-users.xml'].map(async (name) =>
      ((await stat(join(test.dataDir, name))).mode & 0o777).toString(8),
    );
    expect(await Promise.all(modes)).toEqual(['700', '600', '600', '600']);
    expect(await readFile(join(test.dataDir, 'clickhouse-users.xml'), 'utf8')).not.toContain(test.address.password);
    expect(await readFile(`/proc/${test.engine.pid()}/cmdline`, 'utf8')).not.toContain(test.address.password);
  });

  it('refuses our user with a wrong password', async () => {
    await using wrong = connectStore({ ...test.address, password: 'wrong' });
    await expect(wrong.rows('SELECT 1')).rejects.toThrow(/Authentication failed/);
  });
});

describe('reader', () => {
  it('can read our tables and see their columns', async () => {
    expect(await reader.rows('SELECT count() AS spans FROM spans')).toEqual([{ spans: '0' }]);
    expect(
      await reader.rows("SELECT count() > 10 AS described FROM system.columns WHERE table = 'calls' AND comment != ''"),
    ).toEqual([{ described: 1 }]);
  });

  it.each([
    "SELECT * FROM file('/etc/passwd', LineAsString)",
    "SELECT * FROM url('http://127.0.0.1:1/', LineAsString)",
    "SELECT * FROM remote('127.0.0.1', system.one)",
    "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM executable('id', 'CSV', 'a String')",
    "SELECT * FROM remoteSecure('127.0.0.1', system.one)",
    "SELECT * FROM s3('http://127.0.0.1:1/bucket/a', 'CSV', 'a String')",
    "SELECT * FROM gcs('http://127.0.0.1:1/bucket/a', 'CSV', 'a String')",
    "SELECT * FROM azureBlobStorage('http://127.0.0.1:1', 'c', 'b', 'CSV')",
    "SELECT * FROM hdfs('hdfs://127.0.0.1:1/a', 'CSV', 'a String')",
    "SELECT * FROM iceberg('http://127.0.0.1:1/bucket/a')",
    "SELECT * FROM icebergLocal('/etc')",
    "SELECT * FROM deltaLake('http://127.0.0.1:1/bucket/a')",
    "SELECT * FROM deltaLakeLocal('/etc')",
    "SELECT * FROM filesystem('/etc')",
    "SELECT * FROM postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "SELECT * FROM mongodb('127.0.0.1:1', 'a', 'b', 'c', 'd', 'e String')",
    "SELECT * FROM redis('127.0.0.1:1', 'k', 'k String')",
    "SELECT * FROM sqlite('/etc/passwd', 'a')",
    "SELECT * FROM odbc('DSN=a', 'b', 'c')",
    'SELECT addressToLine(1)',
    'SELECT * FROM keys',
    'SELECT sha256 FROM keys',
    'SELECT * FROM audit_log',
    'EXPLAIN SELECT * FROM keys',
    'DESCRIBE keys',
    'SHOW CREATE TABLE keys',
    'SELECT * FROM view(SELECT * FROM waybill.keys)',
    'SELECT * FROM loop(waybill.keys)',
    "SELECT * FROM mergeTreeIndex('waybill', 'keys')",
    'SELECT * FROM system.processes',
    'SHOW PROCESSLIST',
    'SELECT * FROM system.query_cache',
    'SELECT * FROM system.asynchronous_inserts',
    'SELECT * FROM system.stack_trace',
    'SELECT * FROM system.server_settings',
    'SELECT * FROM system.users',
    'SHOW USERS',
    "INSERT INTO cuts (shard, cut, updated_at) VALUES ('1/1', now(), now())",
    'DROP TABLE spans',
    'CREATE TABLE mine (a UInt8) ENGINE = Memory',
    'CREATE TEMPORARY TABLE mine (a UInt8)',
    'CREATE FUNCTION mine AS x -> x',
    'GRANT SELECT ON *.* TO reader',
    'OPTIMIZE TABLE spans',
    "BACKUP TABLE spans TO File('/tmp/spans')",
    'SYSTEM SHUTDOWN',
    'SYSTEM STOP LISTEN HTTP',
    "KILL QUERY WHERE user = ''",
  ])('may not: %s', async (sql) => {
    await expect(reader.command(sql)).rejects.toThrow(/Not enough privileges|getcwd failed/);
  });

  it.each([
    'max_memory_usage = 0',
    'max_memory_usage = 9000000000',
    'max_memory_usage_for_user = 0',
    'max_memory_usage_for_user = 9000000000',
    'max_execution_time = 0',
    'max_execution_time = 3600',
    'max_threads = 64',
  ])('cannot lift its bounds with %s', async (setting) => {
    await expect(reader.rows(`SELECT count() FROM spans SETTINGS ${setting}`)).rejects.toThrow(/shouldn't be/);
  });
});

it('reader is stopped when its query takes too long', async () => {
  const [{ value }] = z
    .tuple([z.object({ value: z.string() })])
    .parse(await reader.rows("SELECT value FROM system.settings WHERE name = 'max_execution_time'"));
  expect(value).toBe('60');
  const slow = 'SELECT sum(sleepEachRow(0.1)) FROM system.columns SETTINGS max_execution_time = 1, max_block_size = 1';
  await expect(reader.rows(slow)).rejects.toThrow(/Timeout exceeded/);
});

it('reader is stopped before its query takes the memory of the others', async () => {
  const greedy = "SELECT length(groupArray(repeat('x', 900000))) FROM system.columns AS a, system.columns AS b";
  await expect(reader.rows(greedy)).rejects.toThrow(/memory limit exceeded/i);
});

describe('someone on this machine without a password', () => {
  it.each(['SELECT count() FROM waybill.spans', 'SELECT * FROM system.processes', 'SYSTEM SHUTDOWN'])(
    'may not: %s',
    async (sql) => {
      await expect(anyone.command(sql)).rejects.toThrow(/Not enough privileges/);
    },
  );

  it('is stopped before it takes the memory of the others, and answers no page from elsewhere', async () => {
    const greedy = "SELECT length(groupArray(repeat('x', 900000))) FROM numbers(1000)";
    await expect(anyone.rows(greedy)).rejects.toThrow(/memory limit exceeded/i);
    await expect(anyone.rows(`${greedy} SETTINGS max_memory_usage = 0`)).rejects.toThrow(/should not be changed/);
    const headers = { origin: 'http://elsewhere.example' };
    const asked = await fetch(`${test.address.url}/?query=SELECT%201&add_http_cors_header=1`, { headers });
    expect(asked.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('may stop the listeners, and they come back by themselves', async () => {
    const before = test.engine.pid();
    await anyone.command('SYSTEM STOP LISTEN HTTP');
    await restarted(before);
  });
});

describe('a server that is sent a signal', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('goes on after %s, since its parent drains first', async (name) => {
    // A server that has just been started again is told to take the signal back at the next look at it.
    await sleep(1_500);
    const pid = signal(name);
    await sleep(500);
    expect(await test.store.rows('SELECT 1 AS alive')).toEqual([{ alive: 1 }]);
    expect(test.engine.pid()).toBe(pid);
  });

  it('is started again after kill -9, with all that it had answered', async () => {
    await test.store.command("INSERT INTO cuts (shard, cut, updated_at) VALUES ('killed', now64(6), now64(6))");
    await restarted(signal('SIGKILL'));
    expect(await test.store.rows("SELECT shard FROM cuts WHERE shard = 'killed'")).toEqual([{ shard: 'killed' }]);
  });
});
