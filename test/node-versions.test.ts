import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { packagePath } from '../collector/package-path.js';
import { portOf } from './support/free-port.js';
import { startWaybill } from './support/waybill.js';

/** An application that says who a request is for and asks a model by plain fetch. */
const APP = `
  import { withAttribution } from 'waybill/instrumentation';
  const ask = () => fetch(process.env.MODEL_URL, { method: 'POST', body: '{}' }).then((answer) => answer.text());
  await withAttribution({ tenant: 'acme', feature: 'chat', policy: 'pro' }, ask);
`;

async function run(node: string, args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(node, args, { cwd: packagePath(), env: { PATH: process.env['PATH'], ...env } });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await once(child, 'close');
  return { code: child.exitCode, output };
}

describe.concurrent.each(['22', '24'])('on Node %s', (version) => {
  const node = packagePath('node_modules', `node${version}`, 'bin', 'node');

  it.skipIf(!existsSync(node))('the built command line, server and register work', async () => {
    expect((await run(node, ['--version'])).output).toMatch(new RegExp(`^v${version}\\.`));
    expect(await run(node, ['dist/collector/cli/main.js', 'rules', 'dropped'])).toMatchObject({ code: 0 });

    const model = createServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1');
    await once(model, 'listening');
    try {
      await using waybill = await startWaybill([], node);
      const app = await run(node, ['--import', 'waybill/register', '--input-type=module', '-e', APP], {
        OTEL_SERVICE_NAME: 'app',
        OTEL_EXPORTER_OTLP_ENDPOINT: waybill.otlpUrl,
        MODEL_URL: `http://127.0.0.1:${portOf(model)}/v1/chat/completions`,
      });
      expect(app).toMatchObject({ code: 0 });
      await expect
        .poll(() => waybill.ask('/v1/calls'), { timeout: 10_000 })
        .toMatchObject({ calls: [{ service: 'app', attributes: { tenant: { value: 'acme', outcome: 'intact' } } }] });
    } finally {
      model.close();
    }
  });
});
