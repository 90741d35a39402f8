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

/** Pairs of processes, each started anew: two processes of one program may differ by some percent for as long as they live. */
const PAIRS = 4;

const ROUNDS = 6;
const WARM_UP = 2_000;
const CONNECTIONS = 8;

/** In a round, the two take turns so often, with so many requests each time. */
const TURNS = 10;
const REQUESTS = 50;

/** What the application says over IPC. */
const startedSchema = z.object({ address: z.object({ port: z.number() }) });
const cpuSchema = z.object({ cpu: z.object({ user: z.number(), system: z.number() }) });

/** What a request cost in one round. */
interface Cost {
  /** CPU time of the application's process. */
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

type Way = keyof typeof ways;

/**
 * Measures what `waybill/register` and its middleware cost an Express application, against the same application with
 * plain `@opentelemetry/sdk-node`. Both have the same instrumentations of what the application uses, the same exporter,
 * batches and sampler, and make the same number of spans, so what differs is ours: attribution found, put on each span,
 * sent on as baggage and exported, and requests looked at.
 *
 * The two run side by side and take short turns, so that whatever else the machine does hits both. CPU time is that of a
 * whole round, work between and behind requests (exports, collected garbage) included. What counts is the ratio of a round.
 */
export async function benchOverhead(): Promise<readonly Figure[]> {
  const other = createServer((asked, response) => {
    // For spans, no bytes at all are a whole answer in protobuf.
    asked.resume().once('end', () => response.end(asked.url === '/v1/traces' ? '' : '{}'));
  }).listen(0, '127.0.0.1');
  await once(other, 'listening');
  const url = `http://127.0.0.1:${portOf(other)}`;
  const rounds: Round[] = [];
  try {
    for (let pair = 0; pair < PAIRS; pair += 1) rounds.push(...(await measurePair(url)));
  } finally {
    other.closeAllConnections();
    other.close();
  }
  const ratio = (what: keyof Cost): number[] => rounds.map(({ plain, waybill }) => waybill[what] / plain[what]);
  const cpuUs = (way: Way): number[] => rounds.map((round) => round[way].cpuUs);
  return [
    figure('CPU a request, plain SDK', 'µs', cpuUs('plain')),
    figure('CPU a request, waybill/register', 'µs', cpuUs('waybill')),
    figure('CPU, waybill/register to plain SDK', '×', ratio('cpuUs')),
    figure('latency (median), waybill/register to plain SDK', '×', ratio('medianMs')),
    figure('latency (99 %), waybill/register to plain SDK', '×', ratio('p99Ms')),
  ];
}

/** What both cost in a round. */
type Round = Readonly<Record<Way, Cost>>;

async function measurePair(url: string): Promise<Round[]> {
  const apps = { plain: await startApp('plain', url), waybill: await startApp('waybill', url) };
  try {
    for (const app of Object.values(apps)) await load(app, WARM_UP);
    const rounds: Round[] = [];
    while (rounds.length < ROUNDS) rounds.push(await measureRound(apps));
    return rounds;
  } finally {
    for (const { child, agent } of Object.values(apps)) {
      agent.destroy();
      child.disconnect();
    }
  }
}

async function measureRound({ plain, waybill }: Readonly<Record<Way, App>>): Promise<Round> {
  const before = { plain: await cpuUsOf(plain), waybill: await cpuUsOf(waybill) };
  const latenciesMs: Record<Way, number[]> = { plain: [], waybill: [] };
  for (let turn = 0; turn < TURNS; turn += 1) {
    // Each goes first as often as the other.
    const isPlainFirst = turn % 2 === 0;
    if (isPlainFirst) latenciesMs.plain.push(...(await load(plain, REQUESTS)));
    latenciesMs.waybill.push(...(await load(waybill, REQUESTS)));
    if (!isPlainFirst) latenciesMs.plain.push(...(await load(plain, REQUESTS)));
  }
  return {
    plain: costOf((await cpuUsOf(plain)) - before.plain, latenciesMs.plain),
    waybill: costOf((await cpuUsOf(waybill)) - before.waybill, latenciesMs.waybill),
  };
}

function costOf(cpuUs: number, latenciesMs: readonly number[]): Cost {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * sorted.length)] ?? Number.NaN;
  return { cpuUs: cpuUs / latenciesMs.length, medianMs: at(0.5), p99Ms: at(0.99) };
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
