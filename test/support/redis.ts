import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from './free-port.js';

/** A Redis server in a process of its own, which keeps nothing on disk. */
export interface Redis extends AsyncDisposable {
  readonly port: number;
}

/** Whether this machine has one; say so where a test is skipped. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;
export const NO_REDIS = 'there is no redis-server here: install the package redis-server of your system';

export async function startRedis(): Promise<Redis> {
  const port = await freePort();
  const child = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--daemonize', 'no'],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const gone = once(child, 'exit');
  let output = '';
  await new Promise<void>((done, fail) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes('Ready to accept connections')) done();
    });
    child.once('exit', () => fail(new Error(`redis-server ended at its start: ${output}`)));
  });
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await gone;
    },
  };
}
