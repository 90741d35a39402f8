import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { packagePath } from '../../collector/package-path.js';
import { portOf } from '../support/free-port.js';
import { RUNTIMES } from '../support/run-under-register.js';

/** A collector that takes requests as it is told to. */
async function startCollector(take: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(take).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Runs code as an application under `waybill/register` to its end. */
async function run(
  code: string,
  url: string,
  { args = [], env = {}, node = process.execPath }: { args?: string[]; env?: object; node?: string } = {},
) {
  const nodeArgs = ['--expose-gc', '--import', 'waybill/register', '--input-type=module', '-e', code, ...args];
  const child = spawn(node, nodeArgs, {
    cwd: packagePath(),
    env: {
      PATH: process.env['PATH'],
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_BSP_SCHEDULE_DELAY: '10',
      OTEL_EXPORTER_OTLP_TIMEOUT: '1500',
      ...env,
    },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.resume();
  await once(child, 'close');
  return { code: child.exitCode, output };
}

const WORK = `
  import { createServer } from 'node:http';
  const server = createServer((request, response) => response.end('done')).listen(0, '127.0.0.1', async () => {
    for (let i = 0; i < 5; i += 1) {
      process.stdout.write(await (await fetch('http://127.0.0.1:' + server.address().port)).text());
      await new Promise((done) => setTimeout(done, 20));
    }
    server.closeAllConnections();
    server.close();
  });`;

describe('an application is not harmed by a collector that', () => {
  it.concurrent.each<readonly [string, (request: IncomingMessage, response: ServerResponse) => void]>([
    ['never answers', () => undefined],
    ['breaks connections', (request) => request.socket.destroy()],
    ['answers nonsense', (_request, response) => response.end(Buffer.alloc(100, 0xff))],
    ['fails', (_request, response) => response.writeHead(500).end('{')],
  ])('%s', async (_, take) => {
    await using collector = await startCollector(take);
    expect(await run(WORK, collector.url)).toEqual({ code: 0, output: 'done'.repeat(5) });
  });
});

/** Asks for something, ends, and says when it has nothing left to do. */
const SHORT = `
  import { setTimeout as sleep } from 'node:timers/promises';
  import { trace } from '@opentelemetry/api';
  for (let i = 0; i < 3; i += 1) {
    trace.getTracer('work').startSpan('work').end();
    await sleep(50);
  }
  process.stdout.write(String(Date.now()));`;

// OpenTelemetry's exporter tries for 10 s, and its batch for 30.
const PATIENT = { OTEL_EXPORTER_OTLP_TIMEOUT: '10000', OTEL_BSP_EXPORT_TIMEOUT: '30000' };

describe('an application that has finished is held up for two seconds at most by a collector that', () => {
  it('never answers', async () => {
    await using collector = await startCollector(() => undefined);
    const { code, output } = await run(SHORT, collector.url, { env: PATIENT });
    expect(code).toBe(0);
    expect(Date.now() - Number(output)).toBeLessThan(4_000);
  });

  it('is not there', async () => {
    const { code, output } = await run(SHORT, 'http://127.0.0.1:9', { env: PATIENT });
    expect(code).toBe(0);
    expect(Date.now() - Number(output)).toBeLessThan(4_000);
  });
});

describe('an application that leaves no time', () => {
  const leaving = (end: string): string => `
    import { trace } from '@opentelemetry/api';
    trace.getTracer('work').startSpan('first words').end();
    ${end}`;
  const EXIT = `trace.getTracer('work').startSpan('last words').end(); process.exit(3);`;

  it.concurrent.each<readonly [string, string, string, number]>([
    ...RUNTIMES.map(([version, , node]) => [`by process.exit(), on Node ${version}`, node, EXIT, 3] as const),
    ['by an exception', process.execPath, `trace.getTracer('work').startSpan('last words').end(); throw 1;`, 1],
    ['while a batch is under way', process.execPath, `setTimeout(() => { ${EXIT} }, 100);`, 3],
  ])('%s, sends its last spans all the same', async (_, node, end, code) => {
    const bodies: Promise<Buffer>[] = [];
    await using collector = await startCollector((request, response) => {
      bodies.push(buffer(request));
      request.once('end', () => response.end());
    });
    expect((await run(leaving(end), collector.url, { node })).code).toBe(code);
    const sent = Buffer.concat(await Promise.all(bodies)).toString('latin1');
    expect(sent).toContain('first words');
    expect(sent).toContain('last words');
  });

  it('is held up for two seconds at most by a collector that never answers', async () => {
    await using collector = await startCollector(() => undefined);
    const code = leaving(`process.stdout.write(String(Date.now())); process.exit(3);`);
    const { code: exitCode, output } = await run(code, collector.url, { env: PATIENT });
    expect(exitCode).toBe(3);
    expect(Date.now() - Number(output)).toBeLessThan(4_000);
  });
});

it('memory stays bounded while a collector is away, however many spans end, each below the one before', async () => {
  await using collector = await startCollector(() => undefined);
  const code = `
    import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
    import { withAttribution } from 'waybill/instrumentation';
    const tracer = trace.getTracer('load');
    // As a timer does that is set again by its own work.
    let before = ROOT_CONTEXT;
    async function load(spans) {
      for (let i = 0; i < spans; i += 1) {
        context.with(before, withAttribution, undefined, { tenant: 't' + i }, () => {
          const span = tracer.startSpan('work', { attributes: { text: 'x'.repeat(200) + i } });
          span.end();
          before = trace.setSpan(context.active(), span);
        });
        if (i % 1000 === 0) await new Promise((done) => setImmediate(done));
      }
      gc();
      return process.memoryUsage().heapUsed;
    }
    const held = await load(5_000);
    process.stdout.write(String((await load(30_000)) - held));
    process.kill(process.pid, 'SIGKILL');`;
  const { output } = await run(code, collector.url);
  // 30,000 spans that were kept would take some 45 MB.
  expect(Number(output)).toBeLessThan(10e6);
});

it('what stands on the command line is on no span', async () => {
  const bodies: Promise<Buffer>[] = [];
  await using collector = await startCollector((request, response) => {
    bodies.push(buffer(request));
    request.once('end', () => response.end());
  });
  await run(WORK, collector.url, { args: ['--', 'app.js', '--password=xyzzy'] });
  const sent = Buffer.concat(await Promise.all(bodies)).toString('latin1');
  expect(sent).toContain('process.pid');
  expect(sent).not.toContain('xyzzy');
  bodies.length = 0;
  // Whoever asks for it gets it.
  const env = { OTEL_NODE_RESOURCE_DETECTORS: 'process' };
  await run(WORK, collector.url, { args: ['--', 'app.js', '--password=xyzzy'], env });
  expect(Buffer.concat(await Promise.all(bodies)).toString('latin1')).toContain('xyzzy');
});
