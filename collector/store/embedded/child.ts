/**
 * The process that is the embedded ClickHouse server: `clickhouse local` from chdb's shared library, told to listen.
 *
 * The call into the library never returns while the server runs, so it is made in a worker thread. The main thread
 * only watches for the end of stdin, which comes when the parent is gone, however it went.
 */
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { libchdbPath } from 'chdb/libchdb';
import { DataType, load, open } from 'ffi-rs';

if (isMainThread) watchParent(process.argv.slice(2));
else runServer(workerData);

function watchParent(args: readonly string[]): void {
  process.stdin.on('end', leave).on('close', leave).on('error', leave).resume();
  const server = new Worker(new URL(import.meta.url), { workerData: args });
  server.on('error', (error) => {
    process.stderr.write(`${error.message}\n`, leave);
  });
  server.on('exit', leave);
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
