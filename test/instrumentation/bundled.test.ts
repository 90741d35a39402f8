import { spawnSync } from 'node:child_process';
import { build } from 'vite';
import { expect, it } from 'vitest';
import { packagePath } from '../../collector/package-path.js';

/** What a bundler keeps of an application with this code; packages of others stay outside. */
async function bundled(code: string): Promise<string> {
  const entry = '\0entry';
  const result = await build({
    root: packagePath(),
    configFile: false,
    logLevel: 'silent',
    plugins: [
      {
        name: 'entry',
        resolveId: (id) => (id === 'entry' ? entry : null),
        load: (id) => (id === entry ? code : null),
      },
    ],
    build: { write: false, ssr: true, minify: false, rolldownOptions: { input: 'entry', external: /^(@|node:)/ } },
  });
  const outputs = Array.isArray(result) ? result : [result];
  return outputs
    .flatMap((one) => ('output' in one ? one.output.map((part) => ('code' in part ? part.code : '')) : []))
    .join('\n');
}

const from = (name: string): string => `'${packagePath('dist', 'instrumentation', `${name}.js`)}'`;

it('a bundler keeps of waybill/instrumentation what is used, and nothing where nothing is', async () => {
  const used = await bundled(`import { getAttribution } from ${from('index')}; console.log(getAttribution());`);
  expect(used).toContain('tenant.id');
  for (const word of ['createHmac', 'shared work', 'W3CBaggagePropagator', 'x-litellm'])
    expect(used).not.toContain(word);
  const unused = await bundled(
    `import ${from('index')}; import ${from('carriers')}; import ${from('express')}; console.log('app');`,
  );
  expect(unused).not.toContain('tenant.id');
  // What is there for its effect stays.
  expect(await bundled(`import ${from('register')};`)).toContain('runs without instrumentation');
});

it('to load waybill/instrumentation changes nothing in the process', () => {
  const code = `
    const listeners = () => process.eventNames().map((name) => [name, process.listenerCount(name)]);
    const before = JSON.stringify(listeners());
    for (const name of ['instrumentation', 'carriers', 'express', 'fastify', 'hono']) await import('waybill/' + name);
    const api = globalThis[Symbol.for('opentelemetry.js.api.1')];
    process.stdout.write(JSON.stringify([api ?? null, before === JSON.stringify(listeners())]));`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd: packagePath(),
    encoding: 'utf8',
  });
  expect([child.stdout, child.stderr]).toEqual(['[null,true]', '']);
});

it('a CommonJS application can require every part', () => {
  const code = `
    const parts = ['instrumentation', 'carriers', 'express', 'fastify', 'hono'].map((name) => require('waybill/' + name));
    process.stdout.write(parts.map((part) => typeof Object.values(part)[0]).join());`;
  const child = spawnSync(process.execPath, ['-e', code], { cwd: packagePath(), encoding: 'utf8' });
  expect(child.stdout).toBe('function,function,function,function,function');
});
