import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packagePath } from '../../collector/package-path.js';
import { freePort } from './free-port.js';
import { prepareDataDir } from './prepared-store.js';

/** A built Waybill in a process of its own, on free ports and in a temporary directory. */
export interface RunningWaybill extends AsyncDisposable {
  readonly otlpUrl: string;
  readonly grpcUrl: string;
  readonly apiUrl: string;
  /** Where SQL can be sent, as `reader` with the password in `reader.password` of the data directory. */
  readonly clickHouseUrl: string;
  readonly dataDir: string;
  readonly child: ChildProcess;
  /** What it wrote to stdout and stderr so far. */
  readonly output: () => string;
  /** Asks a question of the API. */
  readonly ask: (path: string) => Promise<unknown>;
}

const CLI = packagePath('dist/collector/cli/main.js');

/** Runs the built command line to its end. */
export async function waybill(
  args: readonly string[],
  options: { cwd?: string; input?: string | Uint8Array; env?: NodeJS.ProcessEnv } = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: options.cwd ?? tmpdir(),
    env: { ...process.env, NO_COLOR: '1', ...options.env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.end(options.input ?? '');
  await once(child, 'close');
  return { code: child.exitCode, stdout, stderr };
}

/** Where a Waybill keeps its data and listens, whatever process it is. */
export interface WaybillPlace {
  readonly dataDir: string;
  readonly ports: {
    readonly otlp: number;
    readonly grpc: number;
    readonly api: number;
    readonly http: number;
    readonly native: number;
  };
}

/** A new directory and free ports. */
export async function waybillPlace(): Promise<WaybillPlace> {
  const dataDir = await mkdtemp(join(tmpdir(), 'waybill-test-'));
  const [otlp, grpc, api, http, native] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  return { dataDir, ports: { otlp, grpc, api, http, native } };
}

/** Starts `waybill serve`; disposing of it ends it and removes its data. */
export async function startWaybill(
  flags: readonly string[] = [],
  execPath = process.execPath,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningWaybill> {
  const place = await waybillPlace();
  await prepareDataDir(place.dataDir);
  const running = await startWaybillAt(place, flags, execPath, env);
  return {
    ...running,
    [Symbol.asyncDispose]: async () => {
      await running[Symbol.asyncDispose]();
      await rm(place.dataDir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Starts `waybill serve` at a place, where another one may have run before; disposing of it ends it and leaves its data. */
export async function startWaybillAt(
  { dataDir, ports }: WaybillPlace,
  flags: readonly string[] = [],
  execPath = process.execPath,
  env: Readonly<Record<string, string>> = {},
  cli = CLI,
): Promise<RunningWaybill> {
  const where = {
    '--data': dataDir,
    '--quiet': '1s',
    '--otlp-port': ports.otlp,
    '--grpc-port': ports.grpc,
    '--api-port': ports.api,
    '--clickhouse-port': ports.http,
    '--clickhouse-native-port': ports.native,
  };
  const child = spawn(execPath, [cli, 'serve', ...Object.entries(where).flat().map(String), ...flags], {
    cwd: dataDir,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const ready = new Promise<void>((done, fail) => {
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      if (output.includes('Waybill is ready')) done();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', (code) => fail(new Error(`waybill serve ended with ${code}: ${output}`)));
  });
  await ready;
  const apiUrl = `http://127.0.0.1:${ports.api}`;
  return {
    otlpUrl: `http://127.0.0.1:${ports.otlp}`,
    grpcUrl: `http://127.0.0.1:${ports.grpc}`,
    apiUrl,
    clickHouseUrl: `http://127.0.0.1:${ports.http}`,
    dataDir,
    child,
    output: () => output,
    ask: async (path) => (await fetch(`${apiUrl}${path}`)).json(),
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
