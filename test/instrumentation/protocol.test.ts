import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { packagePath } from '../../collector/package-path.js';
import { portOf } from '../support/free-port.js';

const ASK = `await fetch(process.env.OTEL_EXPORTER_OTLP_ENDPOINT + '/v1/chat/completions', { method: 'POST' });`;

/** Runs an application that makes one request, and tells how its spans were sent and what it said. */
async function contentTypes(env: Readonly<Record<string, string>>) {
  const types: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    if (request.url === '/v1/traces') types.push(request.headers['content-type']);
    request.resume().once('end', () => response.end());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const child = spawn(process.execPath, ['--import', 'waybill/register', '--input-type=module', '-e', ASK], {
      cwd: packagePath(),
      env: { PATH: process.env['PATH'], OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${portOf(server)}`, ...env },
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await once(child, 'close');
    return { types, output };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

it.concurrent.each([
  [{}, 'application/x-protobuf'],
  [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }, 'application/json'],
  [
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf' },
    'application/x-protobuf',
  ],
])('register sends spans by the protocol that %o asks for', async (env, type) => {
  expect(await contentTypes(env)).toMatchObject({ types: [type], output: '' });
});

it('register says which protocol it cannot speak, and sends spans all the same', async () => {
  const { types, output } = await contentTypes({ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' });
  expect(types).toEqual(['application/x-protobuf']);
  expect(output).toContain('OTLP over grpc is not built into waybill/register');
});
