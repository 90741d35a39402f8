/**
 * The process that is the embedded ClickHouse server: `clickhouse local` from chdb's shared library, told to listen.
 *
 * The call into the library never returns while the server runs, so it is made in a worker thread. The main thread
 * watches the parent: the process must be gone when the parent is, however it went, and not before. So a signal that
 * goes to the whole process group or unit (Ctrl-C, systemd's stop) is ignored: the parent drains first, then ends us.
 */
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { libchdbPath } from 'chdb/libchdb';
import { DataType, load, open } from 'ffi-rs';

const PARENT_CHECK_MS = 1_000;

if (isMainThread) watchParent(process.argv.slice(2));
else runServer(workerData);

function watchParent(args: readonly string[]): void {
  const parent = process.ppid;
  // The parent writes a byte whenever the server has answered it.
  process.stdin.on('data', takeSignals).on('end', leave).on('close', leave).on('error', leave);
  // A copy of the pipe may live on in some other process; a new parent cannot be mistaken.
  setInterval(() => {
    if (process.ppid !== parent) leave();
  }, PARENT_CHECK_MS);
  takeSignals();
  const server = new Worker(new URL(import.meta.url), { workerData: args });
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

/** The library's threads would keep the process from ending in any gentler way. */
function leave(): void {
  process.kill(process.pid, 'SIGKILL');
}

function runServer(args: unknown): void {
  if (!Array.isArray(args)) throw new TypeError('The server needs a list of arguments.');
  open({ library: 'libchdb', path: libchdbPath() });
  load({
    library: 'libchdb',
    funcName: 'chdb_query_cmdline',
    retType: DataType.U64,
    paramsType: [DataType.I32, DataType.StringArray],
    paramsValue: [args.length, args],
  });
}
