import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packagePath } from '../../collector/package-path.js';
import type { Capture } from './captured-spans.js';

/** A word that is in every prompt and must be on no span. */
export const SECRET = 'xyzzy';

/** How long an application may take on a machine that does other work: one that waits for ever must end. */
const PATIENCE_MS = 110_000;

const NODES: readonly (readonly [string, string])[] = [
  ['20', process.execPath],
  ['22', packagePath('node_modules', 'node22', 'bin', 'node')],
  ['24', packagePath('node_modules', 'node24', 'bin', 'node')],
];

const KINDS = ['module', 'commonjs'] as const;

/**
 * The Nodes that are here, with a kind of module: as `[version, kind, path]`. Every test takes each Node and each kind
 * once; `npm run test:runtimes` takes all pairs of them.
 */
export const RUNTIMES = NODES.filter(([, path]) => existsSync(path)).flatMap(([version, path], i) =>
  KINDS.filter((_, k) => process.env['ALL_RUNTIMES'] === '1' || k === i % 2).map(
    (kind) => [version, kind, path] as const,
  ),
);

/** An application: what it loads, and what it does then, as user `acme`. */
export interface App {
  /** Names to take from a package: `{ OpenAI }`, or `OpenAI` for what it exports by default. */
  readonly load: readonly (readonly [names: string, from: string])[];
  /** `SECRET` and `MODEL_URL` are defined there. */
  readonly work: string;
}

/** How to run it. */
export interface Run {
  readonly node: string;
  readonly kind: 'module' | 'commonjs';
  readonly capture: Capture;
  readonly modelUrl: string;
  /** A folder of its own, in which it is run from a file; its modules are looked for from there. */
  readonly cwd?: string;
  /** Registers in the application itself, after everything that it loads. */
  readonly isLate?: boolean;
}

/**
 * Runs an application under `waybill/register` to its end, and fails if it fails.
 *
 * @returns everything it wrote, its spans as the console exporter has them included: those are whole, while the receiver
 * passes content over
 */
export async function runUnderRegister(app: App, { node, kind, capture, modelUrl, cwd, isLate }: Run): Promise<string> {
  const work = `
    const { MODEL_URL, SECRET } = process.env;
    ${isLate === true ? "await import('waybill/register');" : ''}
    const { withAttribution } = await import('waybill/instrumentation');
    await withAttribution({ tenant: 'acme', feature: 'chat', policy: 'pro' }, async () => { ${app.work} });
  `;
  const script =
    kind === 'module'
      ? `${app.load.map(([names, from]) => `import ${names} from '${from}';`).join('\n')} ${work}`
      : `${app.load.map(([names, from]) => `const ${names} = require('${from}');`).join('\n')} (async () => { ${work} })();`;
  const first = isLate === true ? [] : ['--import', 'waybill/register'];
  const child = spawn(node, [...first, ...argumentsFor(script, kind, cwd)], {
    cwd: cwd ?? packagePath(),
    env: {
      PATH: process.env['PATH'],
      OTEL_SERVICE_NAME: 'app',
      OTEL_EXPORTER_OTLP_ENDPOINT: capture.otlpUrl,
      OTEL_TRACES_EXPORTER: 'otlp,console',
      MODEL_URL: modelUrl,
      SECRET,
    },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const patience = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  await once(child, 'close');
  clearTimeout(patience);
  if (child.exitCode !== 0) throw new Error(`The application failed: ${output}`);
  return output;
}

function argumentsFor(script: string, kind: Run['kind'], cwd: string | undefined): readonly string[] {
  if (cwd === undefined) return [`--input-type=${kind}`, '-e', script];
  const file = join(cwd, kind === 'module' ? 'app.mjs' : 'app.cjs');
  writeFileSync(file, script);
  return [file];
}
