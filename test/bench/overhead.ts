import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { packagePath } from '../../collector/package-path.js';
import { portOf } from '../support/free-port.js';
import type { Figure } from './figure.js';
import { figure } from './figure.js';

const WARM_UP = 1_000;
const REQUESTS = 1_000;
const CONNECTIONS = 8;

/** What the application says over IPC. */
const startedSchema = z.object({ address: z.object({ port: z.number() }) });
const cpuSchema = z.object({ cpu: z.object({ user: z.number(), system: z.number() }) });

/** What one run cost. */
interface Cost {
  /** CPU time of the application for one request. */
  readonly cpuUs: number;
  readonly medianMs: number;
  readonly p99Ms: number;
}

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** How the same application is started: with OpenTelemetry's SDK alone, and with ours. */
const ways = {
  plain: { imports: [pathOf('plain-sdk.js')], env: {} },
  waybill: { imports: ['waybill/register'], env: { SAYS_ATTRIBUTION: 'yes' } },
} as const;

/**
 * Measures what `waybill/register` and its middleware cost an Express application, against the same application with
 * plain `@opentelemetry/sdk-node`. Both run all the time and are loaded in turns, so that whatever else the machine does
 * hits both; the ratio of two neighbouring runs is what counts.
 */
export async function benchOverhead(runs = 15): Promise<readonly Figure[]> {
  const other = createServer((asked, response) => {
    // For spans, no bytes at all are a whole answer in protobuf.
    asked.resume().once('end', () => response.end(asked.url === '/v1/traces' ? '' : '{}'));
  }).listen(0, '127.0.0.1');
  await once(other, 'listening');
  const url = `http://127.0.0.1:${portOf(other)}`;
  const [plain, waybill] = await Promise.all([startApp('plain', url), startApp('waybill', url)]);
  try {
    for (const app of [plain, waybill]) await load(app, WARM_UP);
    const pairs: { readonly plain: Cost; readonly waybill: Cost }[] = [];
    for (let run = 0; run < runs; run += 1) {
      // Each goes first as often as the other.
      const first = await load(run % 2 === 0 ? plain : waybill, REQUESTS);
      const second = await load(run % 2 === 0 ? waybill : plain, REQUESTS);
      pairs.push(run % 2 === 0 ? { plain: first, waybill: second } : { plain: second, waybill: first });
    }
    const ratio = (what: keyof Cost): number[] => pairs.map((pair) => pair.waybill[what] / pair.plain[what]);
    return [
      figure(
        'CPU a request, plain SDK',
        'µs',
        pairs.map((pair) => pair.plain.cpuUs),
      ),
      figure(
        'CPU a request, waybill/register',
        'µs',
        pairs.map((pair) => pair.waybill.cpuUs),
      ),
      figure('CPU, waybill/register to plain SDK', '×', ratio('cpuUs')),
      figure('latency (median), waybill/register to plain SDK', '×', ratio('medianMs')),
      figure('latency (99 %), waybill/register to plain SDK', '×', ratio('p99Ms')),
    ];
  } finally {
    plain.child.disconnect();
    waybill.child.disconnect();
    other.closeAllConnections();
    other.close();
  }
}

interface App {
  readonly child: ChildProcess;
  readonly port: number;
}

async function startApp(way: keyof typeof ways, url: string): Promise<App> {
  const { imports, env } = ways[way];
  const child = fork(pathOf('overhead-app.js'), {
    cwd: packagePath(),
    execArgv: imports.flatMap((one) => ['--import', one]),
    env: { PATH: process.env['PATH'], OTEL_SERVICE_NAME: way, OTEL_EXPORTER_OTLP_ENDPOINT: url, NEXT_URL: url, ...env },
  });
  const [started] = await once(child, 'message');
  return { child, port: startedSchema.parse(started).address.port };
}

async function cpuUsOf({ child }: App): Promise<number> {
  const answer = once(child, 'message');
  child.send('cpu');
  const [told] = await answer;
  const { user, system } = cpuSchema.parse(told).cpu;
  return user + system;
}

/** Sends so many requests over a few connections, each as soon as the one before was answered. */
async function load(app: App, requests: number): Promise<Cost> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const latenciesMs: number[] = [];
  const before = await cpuUsOf(app);
  let left = requests;
  const sender = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      latenciesMs.push(await send(app.port, agent));
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, sender));
  const cpuUs = ((await cpuUsOf(app)) - before) / requests;
  agent.destroy();
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * sorted.length)] ?? Number.NaN;
  return { cpuUs, medianMs: at(0.5), p99Ms: at(0.99) };
}

/** Sends one request; returns the milliseconds to its answer. @throws Error where it is not answered with 200 */
async function send(port: number, agent: Agent): Promise<number> {
  const start = performance.now();
  const headers = { 'content-type': 'application/json', 'x-account': 'acme' };
  const sent = request({ port, host: '127.0.0.1', method: 'POST', agent, headers });
  sent.end('{"question":"Who pays for it?"}');
  const [answer] = await once(sent, 'response');
  answer.resume();
  await once(answer, 'end');
  if (answer.statusCode !== 200) throw new Error(`A request was answered with ${answer.statusCode}.`);
  return performance.now() - start;
}
