import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'vitest';
import { packagePath } from '../../collector/package-path.js';

const built = spawnSync('bash', [packagePath('test/bench/otelcol.sh')], { encoding: 'utf8' });
/** Whether the real Collector is at hand. */
export const hasCollector = built.status === 0;
if (!hasCollector) console.log(`The Collector is left out. ${built.stderr.trim()}`);

/** Starts the Collector as deploy/otelcol has it, and waits until it is well. */
export async function startCollector(env: Readonly<Record<string, string>>): Promise<ChildProcess> {
  const config = packagePath('deploy', 'otelcol', 'waybill.yaml');
  const child = spawn(built.stdout.trim(), ['--config', config], { env: { ...process.env, ...env }, stdio: 'ignore' });
  const health = `http://127.0.0.1:${env['OTELCOL_HEALTH_PORT']}`;
  await expect
    .poll(
      () =>
        fetch(health).then(
          ({ status }) => status,
          () => 0,
        ),
      { timeout: 20_000 },
    )
    .toBe(200);
  return child;
}

/** Kills a process, and waits until it is gone. */
export async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
