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
import { quantile } from './start-load.js';

/**
 * Pairs of processes, each started anew: two processes of one program may differ by some percent for as long as they live.
 * An even number, since the one that is started first tends to be the slower one.
 */
const PAIRS = 16;

const WARM_UP = 2_000;
const CONNECTIONS = 8;

/**
 * The two take turns so often, with so many requests each time: five spans each, so that the batches of 512 are full now
 * in one's turn and now in the other's. With 50 they were full in the same one of two turns for a whole run.
 */
const TURNS = 54;
const REQUESTS = 37;

/** What the application says over IPC. */
const startedSchema = z.object({ address: z.object({ port: z.number() }) });
const cpuSchema = z.object({ cpu: z.object({ user: z.number(), system: z.number() }) });

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** How the same application is started: with OpenTelemetry's SDK alone, and with ours. */
const ways = {
  plain: { imports: [pathOf('plain-sdk.js')], env: {} },
  waybill: { imports: ['waybill/register'], env: { SAYS_ATTRIBUTION: 'yes' } },
} as const;

type Way = keyof typeof ways;

/**
 * Measures what `waybill/register` and its middleware cost an Express application, against the same application with
 * plain `@opentelemetry/sdk-node`. Both have the same instrumentations of what the application uses, the same exporter,
 * batches and sampler, and make the same number of spans, so what differs is ours: attribution found, put on each span,
 * sent on as baggage and exported, and requests looked at.
 *
 * The two run side by side and take short turns, so that whatever else the machine does hits both. What counts is the
 * ratio of a pair: of median latencies, that of each turn with its neighbour, and the median of these; of CPU time, that of
 * all turns, work between and behind requests (exports, collected garbage) included.
 */
export async function benchOverhead(): Promise<readonly Figure[]> {
  const other = createServer((asked, response) => {
    // For spans, no bytes at all are a whole answer in protobuf.
    asked.resume().once('end', () => response.end(asked.url === '/v1/traces' ? '' : '{}'));
  }).listen(0, '127.0.0.1');
  await once(other, 'listening');
  const url = `http://127.0.0.1:${portOf(other)}`;
  const pairs: Pair[] = [];
  try {
    while (pairs.length < PAIRS)
      pairs.push(await measurePair(url, pairs.length % 2 === 0 ? ['plain', 'waybill'] : ['waybill', 'plain']));
  } finally {
    other.closeAllConnections();
    other.close();
  }
  const of = (what: keyof Pair): number[] => pairs.map((pair) => pair[what]);
  return [
    figure('CPU a request, plain SDK', 'µs', of('plainCpuUs')),
    figure('CPU a request, waybill/register', 'µs', of('waybillCpuUs')),
    figure(
      'CPU, waybill/register to plain SDK',
      '×',
      pairs.map(({ plainCpuUs, waybillCpuUs }) => waybillCpuUs / plainCpuUs),
    ),
    figure('latency (median), waybill/register to plain SDK', '×', of('medianRatio')),
    figure('latency (99 %), waybill/register to plain SDK', '×', of('p99Ratio')),
  ];
}

/** What was measured of a pair; ratios are of waybill/register to plain. CPU times are those of a request. */
interface Pair {
  readonly plainCpuUs: number;
  readonly waybillCpuUs: number;
  readonly medianRatio: number;
  readonly p99Ratio: number;
}

async function measurePair(url: string, order: readonly [Way, Way]): Promise<Pair> {
  const [first, second] = [await startApp(order[0], url), await startApp(order[1], url)];
  try {
    for (const app of [first, second]) await load(app, WARM_UP);
    return await (order[0] === 'plain' ? measureTurns(first, second) : measureTurns(second, first));
  } finally {
    for (const { child, agent } of [first, second]) {
      agent.destroy();
      child.disconnect();
    }
  }
}

async function measureTurns(plain: App, waybill: App): Promise<Pair> {
  const before = { plain: await cpuUsOf(plain), waybill: await cpuUsOf(waybill) };
  const latenciesMs: Record<Way, number[]> = { plain: [], waybill: [] };
  const ratios: number[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    // Each goes first as often as the other.
    const isPlainFirst = turn % 2 === 0;
    const first = await load(isPlainFirst ? plain : waybill, REQUESTS);
    const second = await load(isPlainFirst ? waybill : plain, REQUESTS);
    const [ofPlain, ofWaybill] = isPlainFirst ? [first, second] : [second, first];
    latenciesMs.plain.push(...ofPlain);
    latenciesMs.waybill.push(...ofWaybill);
    ratios.push(quantile(ofWaybill, 0.5) / quantile(ofPlain, 0.5));
  }
  return {
    plainCpuUs: ((await cpuUsOf(plain)) - before.plain) / latenciesMs.plain.length,
    waybillCpuUs: ((await cpuUsOf(waybill)) - before.waybill) / latenciesMs.waybill.length,
    medianRatio: quantile(ratios, 0.5),
    p99Ratio: quantile(latenciesMs.waybill, 0.99) / quantile(latenciesMs.plain, 0.99),
  };
}

interface App {
  readonly child: ChildProcess;
  readonly port: number;
  readonly agent: Agent;
}

async function startApp(way: Way, url: string): Promise<App> {
  const { imports, env } = ways[way];
  const child = fork(pathOf('overhead-app.js'), {
    cwd: packagePath(),
    execArgv: imports.flatMap((one) => ['--import', one]),
    env: { PATH: process.env['PATH'], OTEL_SERVICE_NAME: way, OTEL_EXPORTER_OTLP_ENDPOINT: url, NEXT_URL: url, ...env },
  });
  const [started] = await once(child, 'message');
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  return { child, port: startedSchema.parse(started).address.port, agent };
}

async function cpuUsOf({ child }: App): Promise<number> {
  const answer = once(child, 'message');
  child.send('cpu');
  const [told] = await answer;
  const { user, system } = cpuSchema.parse(told).cpu;
  return user + system;
}

/** Sends so many requests over a few connections, each as soon as the one before was answered; returns their latencies. */
async function load({ port, agent }: App, requests: number): Promise<number[]> {
  const latenciesMs: number[] = [];
  let left = requests;
  const sender = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      latenciesMs.push(await send(port, agent));
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, sender));
  return latenciesMs;
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
