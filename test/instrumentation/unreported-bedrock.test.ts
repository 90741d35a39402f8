import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packagePath } from '../../collector/package-path.js';
import { BEDROCK_CLIENT } from '../../instrumentation/unreported-bedrock.js';
import { startCapture } from '../support/captured-spans.js';
import { RUNTIMES, runUnderRegister } from '../support/run-under-register.js';

const APP = { load: [['{ BedrockRuntimeClient }', BEDROCK_CLIENT]], work: 'BedrockRuntimeClient.name;' } as const;

const HEARD = /client-bedrock-runtime(?: \S+)? is loaded, and nothing reports its calls/g;

describe.concurrent.each(RUNTIMES)('on Node %s, as %s', (_, kind, node) => {
  const run = async (options: { readonly isLate?: boolean; readonly cwd?: string }): Promise<string[]> => {
    await using capture = await startCapture({ isGlobal: false });
    const output = await runUnderRegister(APP, { node, kind, capture, modelUrl: '', ...options });
    return output.match(HEARD) ?? [];
  };

  it("Bedrock's client is named, once, where it was loaded before register", async () => {
    expect(await run({ isLate: true })).toHaveLength(1);
  });

  it("Bedrock's client is named where it is of a release that is built otherwise", async () => {
    using other = withOtherClient();
    expect(await run({ cwd: other.cwd })).toEqual([
      'client-bedrock-runtime 9.0.0 is loaded, and nothing reports its calls',
    ]);
  });
});

/** A place where the client has nothing that OpenTelemetry's package knows. */
function withOtherClient(): { readonly cwd: string } & Disposable {
  const cwd = mkdtempSync(join(tmpdir(), 'waybill-bedrock-'));
  const client = join(cwd, 'node_modules', BEDROCK_CLIENT);
  mkdirSync(client, { recursive: true });
  writeFileSync(join(client, 'package.json'), JSON.stringify({ name: BEDROCK_CLIENT, version: '9.0.0' }));
  writeFileSync(join(client, 'index.js'), 'exports.BedrockRuntimeClient = class { send() {} };');
  symlinkSync(packagePath(), join(cwd, 'node_modules', 'waybill'));
  return { cwd, [Symbol.dispose]: () => rmSync(cwd, { recursive: true }) };
}
