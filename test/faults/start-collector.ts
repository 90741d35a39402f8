import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { expect } from 'vitest';
import { packagePath } from '../../collector/package-path.js';

/** A file of deploy/otelcol, and the Collector that test/bench/otelcol.sh builds for it. */
export type CollectorKind = 'queue' | 'balancing';

const CONFIGS = { queue: 'waybill.yaml', balancing: 'balancing.yaml' } as const;

/** The path of the program; null, and said why, where it cannot be built here. */
export function builtCollector(kind: CollectorKind): string | null {
  const built = spawnSync('bash', [packagePath('test/bench/otelcol.sh'), kind], { encoding: 'utf8' });
  if (built.status === 0) return built.stdout.trim();
  console.log(`The Collector is left out. ${built.stderr.trim()}`);
  return null;
}

/** Starts the Collector as deploy/otelcol has it, and waits until it is well. */
export async function startCollector(
  program: string,
  kind: CollectorKind,
  env: Readonly<Record<string, string>>,
): Promise<ChildProcess> {
  const config = packagePath('deploy', 'otelcol', CONFIGS[kind]);
  const child = spawn(program, ['--config', config], { env: { ...process.env, ...env }, stdio: 'ignore' });
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
