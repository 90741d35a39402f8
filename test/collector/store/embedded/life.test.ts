import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { packagePath } from '../../../../collector/package-path.js';
import { connectStore } from '../../../../collector/store/client.js';
import type { Engine, EngineOptions } from '../../../../collector/store/embedded/engine.js';
import { startEmbeddedClickHouse } from '../../../../collector/store/embedded/engine.js';
import { StartError } from '../../../../collector/start-error.js';
import { freePort } from '../../../support/free-port.js';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'waybill-test-'));
});
afterEach(async () => {
  await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
});

async function start(options: Partial<EngineOptions> = {}): Promise<Engine> {
  return startEmbeddedClickHouse({
    dataDir,
    httpPort: await freePort(),
    nativePort: await freePort(),
    memoryBytes: 2 * 1024 ** 3,
    log: pino({ level: 'silent' }),
    ...options,
  });
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function isGoneWithin(pid: number, ms: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < ms && isRunning(pid); waitedMs += 50) await sleep(50);
  return !isRunning(pid);
}

it('keeps its data and its password over a stop and a start, and leaves no process behind', async () => {
  const first = await start();
  const firstPid = first.pid() ?? 0;
  await using before = connectStore({ ...first, database: 'default' });
  await before.command('CREATE TABLE kept (a UInt8) ENGINE = MergeTree ORDER BY a');
  await before.command('INSERT INTO kept VALUES (7)');
  await Promise.all([first.stop(), first.stop()]);
  expect(isRunning(firstPid)).toBe(false);

  await using second = await start();
  expect(second.password).toBe(first.password);
  await using after = connectStore({ ...second, database: 'default' });
  expect(await after.rows('SELECT a FROM kept')).toEqual([{ a: 7 }]);
});

it('is not started again when it dies after stop()', async () => {
  const httpPort = await freePort();
  const engine = await start({ httpPort });
  await engine.stop();
  const pid = engine.pid() ?? 0;
  await sleep(500);
  expect(engine.pid()).toBe(pid);
  await expect(fetch(`http://127.0.0.1:${httpPort}/ping`)).rejects.toThrow();
});

it('may be stopped while it is away', async () => {
  const engine = await start();
  process.kill(engine.pid() ?? 0, 'SIGKILL');
  await sleep(50);
  await engine.stop();
  await sleep(500);
  expect(isRunning(engine.pid() ?? 0)).toBe(false);
});

it('says which port is taken, and how to choose another one', async () => {
  const squatter = createServer().listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  const address = squatter.address();
  const taken = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    for (const [options, flag] of [
      [{ httpPort: taken }, '--clickhouse-port'],
      [{ nativePort: taken }, '--clickhouse-native-port'],
    ] as const) {
      const failure = await start(options).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(StartError);
      expect(failure).toMatchObject({
        message: `Port ${taken} on 127.0.0.1 is taken by another process. Choose another one with ${flag}.`,
      });
    }
  } finally {
    squatter.close();
  }
});

it('says that another server has the directory, and does that server no harm', async () => {
  await using first = await start();
  const failure = await start().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(StartError);
  expect(failure).toMatchObject({
    message: `Another ClickHouse has the directory ${join(dataDir, 'clickhouse')}. End it, or choose another one with --data.`,
  });
  await using store = connectStore({ ...first, database: 'default' });
  expect(await store.rows('SELECT 1 AS alive')).toEqual([{ alive: 1 }]);
});

it('says that a directory cannot be used', async () => {
  const failure = await start({ dataDir: '/dev/null/data' }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(StartError);
  expect(failure).toMatchObject({ message: /^The directory \/dev\/null\/data cannot be used: .+ --data\.$/ });
});

it('says where the log is when the server does not come up', async () => {
  const failure = await start({ memoryBytes: -1 }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(StartError);
  expect(failure).toMatchObject({ message: /^ClickHouse did not start in / });
});

it.each(['SIGKILL', 'SIGTERM'] as const)('ends when its parent is ended by %s', async (signal) => {
  const [httpPort, nativePort] = await Promise.all([freePort(), freePort()]);
  const parent: ChildProcess = spawn(
    process.execPath,
    [packagePath('test/collector/store/embedded/parent.mjs'), dataDir, String(httpPort), String(nativePort)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  try {
    const [line] = parent.stdout === null ? [] : await once(parent.stdout, 'data');
    const pid = Number(String(line));
    expect(isRunning(pid)).toBe(true);
    parent.kill(signal);
    expect(await isGoneWithin(pid, 5_000)).toBe(true);
  } finally {
    parent.kill('SIGKILL');
  }
});
