import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { listen, stopperOf } from '../../listen.js';
import { packagePath } from '../../package-path.js';
import { StartError } from '../../start-error.js';
import type { EngineFiles } from './config.js';
import { engineConfig, engineUsers } from './config.js';
import { loadCredentials } from './credentials.js';
import { ping, stopSleepingQuery } from './ping.js';

export interface EngineOptions {
  /** Where the data is kept; created if need be. */
  readonly dataDir: string;
  readonly httpPort: number;
  readonly nativePort: number;
  /** The most memory that the server may take. */
  readonly memoryBytes: number;
  readonly log: Logger;
  readonly host?: string;
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
const LONGEST_BACKOFF_MS = 10_000;
const HEALTHY_AFTER_MS = 60_000;
const PING_EVERY_MS = 2_000;

/**
 * Starts ClickHouse as a child process, and starts it again whenever it dies, with back-off.
 *
 * Every answered insert is fsynced, so that it survives a crash of the server, of this process and of the machine.
 * The child ends when this process ends, in whatever way.
 *
 * @throws StartError where a port is taken or another server has the directory
 */
export async function startEmbeddedClickHouse(options: EngineOptions): Promise<Engine> {
  const { httpPort, nativePort, log, memoryBytes, host = '127.0.0.1' } = options;
  const files = engineFiles(resolve(options.dataDir));
  await ensureFree(host, httpPort, '--clickhouse-port');
  await ensureFree(host, nativePort, '--clickhouse-native-port');
  await mkdir(files.store, { recursive: true, mode: 0o700 });
  const credentials = await loadCredentials(resolve(options.dataDir));
  await writeFile(files.config, engineConfig(files, memoryBytes), { mode: 0o600 });
  await writeFile(files.users, engineUsers(credentials), { mode: 0o600 });

  const access = { url: `http://${host}:${httpPort}`, username: 'waybill', password: credentials.waybill };
  const args = serverArguments(files, host, httpPort, nativePort);
  const state: { server: Server; stopping: boolean } = { server: launch(args), stopping: false };
  const until = new AbortController();

  await ready(state.server, access, files.store);
  const supervision = supervise();

  /** Waits for the end of the server and launches the next, until told to stop. */
  async function supervise(): Promise<void> {
    let backoffMs = FIRST_BACKOFF_MS;
    while (!state.stopping) {
      const startedMs = performance.now();
      await Promise.race([state.server.ended, listenersGone(state.server)]);
      if (state.stopping) return;
      state.server.kill();
      await state.server.ended;
      if (performance.now() - startedMs > HEALTHY_AFTER_MS) backoffMs = FIRST_BACKOFF_MS;
      log.error({ backoffMs, said: state.server.said() }, 'ClickHouse ended; starting it again');
      await pause(backoffMs);
      backoffMs = Math.min(2 * backoffMs, LONGEST_BACKOFF_MS);
      if (state.stopping) return;
      state.server = launch(args);
    }
  }

  /** Resolves when the server lives but nothing listens any more: anyone on this machine may stop its listeners. */
  async function listenersGone(server: Server): Promise<void> {
    let refused = 0;
    while (refused < 3 && server.isAlive() && !state.stopping) {
      await pause(PING_EVERY_MS);
      refused = (await ping(access)) === 'refused' && server.wasReady() ? refused + 1 : 0;
      if (!server.wasReady() && (await ping(access)) === 'ok') server.markReady();
    }
    if (refused >= 3) log.error('ClickHouse no longer listens; ending it');
    else await server.ended;
  }

  async function pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: until.signal, ref: false }).catch(() => undefined);
  }

  const stop = async (): Promise<void> => {
    if (!state.stopping) {
      state.stopping = true;
      until.abort();
      await stopSleepingQuery(access);
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

function engineFiles(dataDir: string): EngineFiles {
  return {
    store: join(dataDir, 'clickhouse'),
    config: join(dataDir, 'clickhouse.xml'),
    users: join(dataDir, 'clickhouse-users.xml'),
    log: join(dataDir, 'clickhouse.log'),
  };
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
    '--query=SYSTEM START LISTEN HTTP; SYSTEM START LISTEN TCP; SELECT sleepEachRow(3) FROM system.numbers ' +
      'SETTINGS function_sleep_max_microseconds_per_block=0, max_block_size=1 FORMAT Null',
  ];
}

/** One run of the server process. */
interface Server {
  readonly pid: number | undefined;
  readonly ended: Promise<void>;
  readonly isAlive: () => boolean;
  readonly wasReady: () => boolean;
  readonly markReady: () => void;
  /** The last of what it wrote to stderr. */
  readonly said: () => string;
  readonly kill: () => void;
}

function launch(args: readonly string[]): Server {
  // Detached: Ctrl-C in a terminal goes to the whole process group, and the database must outlive our own draining.
  const child: ChildProcess = spawn(
    process.execPath,
    [packagePath('dist/collector/store/embedded/child.js'), ...args],
    {
      stdio: ['pipe', 'ignore', 'pipe'],
      detached: true,
      env: {},
    },
  );
  let said = '';
  let isReady = false;
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4_000);
  });
  // The pipe breaks when the child is killed; its end is noticed by `exit`.
  child.stdin?.on('error', () => undefined);
  const ended = new Promise<void>((done) => {
    child.once('exit', () => done()).once('error', () => done());
  });
  return {
    pid: child.pid,
    ended,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    wasReady: () => isReady,
    markReady: () => {
      isReady = true;
    },
    said: () => said.trim(),
    kill: () => {
      child.kill('SIGKILL');
    },
  };
}

async function ready(server: Server, access: Parameters<typeof ping>[0], directory: string): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (server.isAlive() && performance.now() < deadline) {
    if ((await ping(access)) === 'ok') {
      server.markReady();
      return;
    }
    await sleep(25);
  }
  server.kill();
  await server.ended;
  if (/lock/i.test(server.said())) {
    throw new StartError(
      `Another ClickHouse has the directory ${directory}. End it, or choose another one with --data.`,
    );
  }
  throw new StartError(`ClickHouse did not start in ${directory}: ${server.said() || 'it said nothing'}`);
}

async function ensureFree(host: string, port: number, flag: string): Promise<void> {
  const probe = createServer();
  await listen(probe, host, port, flag);
  await stopperOf(probe)();
}
