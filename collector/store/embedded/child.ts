/**
 * The process that is the embedded ClickHouse server: `clickhouse local` from chdb's shared library, told to listen.
 *
 * The call into the library never returns while the server runs, so it is made in a worker thread. The main thread
 * watches the parent: the process must be gone when the parent is, however it went, and not before. So a signal that
 * goes to the whole process group or unit (Ctrl-C, systemd's stop) is ignored: the parent drains first, then ends us.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { open as openFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { libchdbPath } from 'chdb/libchdb';
import { DataType, load, open } from 'ffi-rs';

const PARENT_CHECK_MS = 1_000;
/** The pipe that the server's first query reads, in its working directory. */
const GATE = 'gate';

if (isMainThread) watchParent(process.argv.slice(2));
else runServer(workerData);

function watchParent(args: readonly string[]): void {
  const parent = process.ppid;
  const nowhere = mkdtempSync(join(tmpdir(), 'waybill-'));
  process.chdir(nowhere);
  /** The library's threads would keep the process from ending in any gentler way. */
  const leave = (): void => {
    rmSync(nowhere, { recursive: true, force: true });
    process.kill(process.pid, 'SIGKILL');
  };
  // The parent writes a byte whenever the server has answered it.
  process.stdin.on('data', takeSignals).on('end', leave).on('close', leave).on('error', leave);
  // A copy of the pipe may live on in some other process; a new parent cannot be mistaken.
  setInterval(() => {
    if (process.ppid !== parent) leave();
  }, PARENT_CHECK_MS);
  takeSignals();
  const server = new Worker(new URL(import.meta.url), { workerData: args });
  server.once('message', () => void removeDirectory(nowhere));
  server.on('error', (error) => {
    process.stderr.write(`${error.message}\n`, leave);
  });
  server.on('exit', leave);
}

/** ClickHouse installs handlers of its own while it starts, which end the process: these take their place again. */
function takeSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.removeAllListeners(signal);
    process.on(signal, () => undefined);
  }
}

/**
 * Removes the working directory before the server listens. ClickHouse's function file() takes no grant to call, and in
 * `clickhouse local` it reads whatever the process may: passwords, too. So do some output formats. All of them ask first
 * where the files of users are, which here is the working directory, and give up where that is nowhere. ClickHouse itself
 * wants one to start in, so its first query reads a pipe there, and gets its end once the directory is gone.
 */
async function removeDirectory(directory: string): Promise<void> {
  // Opens when ClickHouse reads.
  const gate = await openFile(GATE, 'w');
  rmSync(directory, { recursive: true });
  await gate.close();
}

function runServer(args: unknown): void {
  if (!Array.isArray(args)) throw new TypeError('The server needs a list of arguments.');
  open({ library: 'libchdb', path: libchdbPath() });
  const made = load({
    library: 'libchdb',
    funcName: 'mkfifo',
    retType: DataType.I32,
    paramsType: [DataType.String, DataType.I32],
    paramsValue: [GATE, 0o600],
  });
  if (made !== 0) throw new Error('The pipe that ClickHouse waits at could not be made.');
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(GATE);
  load({
    library: 'libchdb',
    funcName: 'chdb_query_cmdline',
    retType: DataType.U64,
    paramsType: [DataType.I32, DataType.StringArray],
    paramsValue: [args.length, args],
  });
}
