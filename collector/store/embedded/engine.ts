import { mkdir, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { isIPv6 } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { listen, stopperOf } from '../../listen.js';
import { StartError } from '../../start-error.js';
import type { EngineFiles } from './config.js';
import { engineConfig, engineUsers } from './config.js';
import { loadCredentials } from './credentials.js';
import type { Access } from './ping.js';
import { ping, stopSleepingQuery } from './ping.js';
import type { ServerProcess } from './server-process.js';
import { launchServer } from './server-process.js';

export interface EngineOptions {
  /** Where the data is kept; created if need be. */
  readonly dataDir: string;
  readonly httpPort: number;
  readonly nativePort: number;
  /** The most memory that the server may take. */
  readonly memoryBytes: number;
  readonly log: Logger;
  readonly host?: string;
  /** The longest wait before a server that keeps dying is started again. */
  readonly longestBackoffMs?: number;
}

/** A running embedded server. */
export interface Engine extends AsyncDisposable {
  /** HTTP interface, without credentials. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly nativePort: number;
  /** Process id of the present server process; another one after a restart. */
  readonly pid: () => number | undefined;
  /** Ends the server; may be called twice. */
  readonly stop: () => Promise<void>;
}

const READY_WITHIN_MS = 60_000;
const FIRST_BACKOFF_MS = 200;
const HEALTHY_AFTER_MS = 60_000;
const PING_EVERY_MS = 1_000;
const REFUSALS_TOLERATED = 2;

/**
 * Starts ClickHouse as a child process, and starts it again whenever it dies, with back-off.
 *
 * Every answered insert is fsynced, so that it survives a crash of the server, of this process and of the machine.
 * The child ends when this process ends, in whatever way.
 *
 * @throws StartError where a port is taken, or the directory is another server's or cannot be written
 */
export async function startEmbeddedClickHouse(options: EngineOptions): Promise<Engine> {
  const { httpPort, nativePort, log, memoryBytes, host = '127.0.0.1', longestBackoffMs = 10_000 } = options;
  await ensureFree(host, httpPort, '--clickhouse-port');
  await ensureFree(host, nativePort, '--clickhouse-native-port');
  const { files, password } = await prepareDirectory(resolve(options.dataDir), memoryBytes);

  const access = { url: `http://${isIPv6(host) ? `[${host}]` : host}:${httpPort}`, username: 'waybill', password };
  const args = serverArguments(files, host, httpPort, nativePort);
  const state = { server: launchServer(args), stopping: false };
  const until = new AbortController();

  await ready(state.server, access, files);
  const supervision = supervise();

  /** Waits for the end of the server and launches the next, until told to stop. */
  async function supervise(): Promise<void> {
    let backoffMs = FIRST_BACKOFF_MS;
    for (;;) {
      const startedMs = performance.now();
      await endOf(state.server);
      if (state.stopping) return;
      if (performance.now() - startedMs > HEALTHY_AFTER_MS) backoffMs = FIRST_BACKOFF_MS;
      log.error({ backoffMs, said: state.server.said() }, 'ClickHouse ended; starting it again');
      await pause(backoffMs);
      backoffMs = Math.min(2 * backoffMs, longestBackoffMs);
      if (state.stopping) return;
      state.server = launchServer(args);
    }
  }

  /**
   * Resolves when the server is gone, and ends one that is of no use: it never came up, or it lives but no longer
   * listens, since anyone on this machine may stop its listeners. One that is only slow to answer is left alone.
   */
  async function endOf(server: ServerProcess): Promise<void> {
    const startedMs = performance.now();
    let refusals = 0;
    while (server.isAlive()) {
      await Promise.race([server.ended, pause(PING_EVERY_MS)]);
      if (state.stopping || !server.isAlive()) return server.ended;
      const answer = await ping(access);
      if (answer === 'ok') server.confirmReady();
      refusals = answer === 'refused' && server.wasReady() ? refusals + 1 : 0;
      const isLate = !server.wasReady() && performance.now() - startedMs > READY_WITHIN_MS;
      if (refusals > REFUSALS_TOLERATED || isLate) {
        log.error(isLate ? 'ClickHouse did not come up; ending it' : 'ClickHouse no longer listens; ending it');
        server.kill();
        return server.ended;
      }
    }
  }

  async function pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: until.signal, ref: false }).catch(() => undefined);
  }

  const stop = async (): Promise<void> => {
    if (!state.stopping) {
      state.stopping = true;
      until.abort();
      if (state.server.isAlive()) await stopSleepingQuery(access);
      state.server.kill();
    }
    await state.server.ended;
    await supervision;
  };

  return {
    ...access,
    nativePort,
    pid: () => state.server.pid,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Makes the directory, the passwords and the configuration, all for the owner alone. */
async function prepareDirectory(
  dataDir: string,
  memoryBytes: number,
): Promise<{ files: EngineFiles; password: string }> {
  const files = {
    store: join(dataDir, 'clickhouse'),
    config: join(dataDir, 'clickhouse.xml'),
    users: join(dataDir, 'clickhouse-users.xml'),
    log: join(dataDir, 'clickhouse.log'),
  };
  try {
    await mkdir(files.store, { recursive: true, mode: 0o700 });
    const credentials = await loadCredentials(dataDir);
    await replaceFile(files.config, engineConfig(files, memoryBytes));
    await replaceFile(files.users, engineUsers(credentials));
    return { files, password: credentials.waybill };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    throw new StartError(`The directory ${dataDir} cannot be used: ${error.message}. Choose another one with --data.`);
  }
}

/** Another server may be using this directory and reading this file: it must never see half of it. */
async function replaceFile(file: string, text: string): Promise<void> {
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, text, { mode: 0o600 });
  await rename(draft, file);
}

function serverArguments(files: EngineFiles, host: string, httpPort: number, nativePort: number): string[] {
  return [
    'clickhouse',
    `--path=${files.store}`,
    `--http_port=${httpPort}`,
    `--tcp_port=${nativePort}`,
    `--listen_host=${host}`,
    `--config-file=${files.config}`,
    '--log-level=warning',
    // It first reads the pipe of child.ts, whose end says that it may be talked to. Then short naps: it is only between two
    // of them that it can be ended, and stop() waits for that.
    "--query=SELECT file('gate') FORMAT Null; SYSTEM START LISTEN HTTP; SYSTEM START LISTEN TCP; " +
      'SELECT sleepEachRow(0.1) FROM system.numbers SETTINGS function_sleep_max_microseconds_per_block=0, max_block_size=1 ' +
      'FORMAT Null',
  ];
}

/** Waits for the first answer. */
async function ready(server: ServerProcess, access: Access, files: EngineFiles): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (server.isAlive() && performance.now() < deadline) {
    if ((await ping(access)) === 'ok') {
      server.confirmReady();
      return;
    }
    await sleep(25);
  }
  server.kill();
  await server.ended;
  if (/lock/i.test(server.said())) {
    throw new StartError(
      `Another ClickHouse has the directory ${files.store}. End it, or choose another one with --data.`,
    );
  }
  const reason = server.said() || `${files.log} may say why`;
  throw new StartError(`ClickHouse did not start in ${files.store}: ${reason}`);
}

async function ensureFree(host: string, port: number, flag: string): Promise<void> {
  const probe = createServer();
  await listen(probe, host, port, flag);
  await stopperOf(probe)();
}
