import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { toJson, toProtobuf } from '../collector/otlp/request.js';
import { startWaybill } from '../support/waybill.js';
import type { Figure } from './figure.js';
import { figure } from './figure.js';
import { benchRequests, REQUEST_SPANS } from './workload.js';

const RUN_MS = 2_000;
const REQUESTS = 40;

/** What is sent: bodies of 512 spans each, and how they are labelled. */
interface Load {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bodies: readonly Buffer[];
}

/** What came of a run: spans a second that were acknowledged as durable, and how long each request took. */
interface Outcome {
  readonly spansPerSecond: number;
  readonly latenciesMs: readonly number[];
}

/**
 * How many spans a second a whole Waybill, with its ClickHouse and its audit loop, acknowledges as durable, and how
 * long a request waits for that. It runs in processes of its own; the load comes from this one.
 */
export async function benchReceive(runs = 5): Promise<readonly Figure[]> {
  const requests = benchRequests(REQUESTS, 2, BigInt(Date.now()) * 1_000_000n);
  const plain = requests.map(toProtobuf);
  const protobuf: Load = { name: 'protobuf', headers: { 'content-type': 'application/x-protobuf' }, bodies: plain };
  const gzip: Load = {
    name: 'protobuf, gzip',
    headers: { ...protobuf.headers, 'content-encoding': 'gzip' },
    bodies: plain.map((body) => gzipSync(body)),
  };
  const json: Load = {
    name: 'JSON',
    headers: { 'content-type': 'application/json' },
    bodies: requests.map(toJson),
  };
  await using waybill = await startWaybill();
  const url = `${waybill.otlpUrl}/v1/traces`;
  await saturate(url, protobuf, 4);
  const cases: readonly [Load, number][] = [
    [protobuf, 1],
    [protobuf, 4],
    [protobuf, 16],
    [gzip, 16],
    [json, 16],
  ];
  const figures: Figure[] = [];
  let saturated = 0;
  for (const [load, senders] of cases) {
    const outcomes: Outcome[] = [];
    for (let run = 0; run < runs; run += 1) outcomes.push(await saturate(url, load, senders));
    const name = `${load.name}, ${senders} ${senders === 1 ? 'sender' : 'senders'}`;
    const rate = figure(
      `acknowledged: ${name}`,
      'spans/s',
      outcomes.map(({ spansPerSecond }) => spansPerSecond),
    );
    figures.push(rate, ...latencyFigures(name, outcomes));
    if (load === protobuf) saturated = Math.max(saturated, rate.median);
  }
  const halves: Outcome[] = [];
  for (let run = 0; run < runs; run += 1) halves.push(await paced(url, protobuf, saturated / 2));
  return [...figures, ...latencyFigures('protobuf, half the highest rate', halves)];
}

function latencyFigures(name: string, outcomes: readonly Outcome[]): Figure[] {
  return [0.5, 0.99].map((share) => {
    const values = outcomes.map(({ latenciesMs }) => {
      const sorted = latenciesMs.toSorted((a, b) => a - b);
      return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
    });
    return figure(`wait, ${share * 100} % of requests: ${name}`, 'ms', values);
  });
}

/** So many senders, each of which sends again as soon as it was answered. */
async function saturate(url: string, load: Load, senders: number): Promise<Outcome> {
  const agent = new Agent({ keepAlive: true, maxSockets: senders });
  const latenciesMs: number[] = [];
  const start = performance.now();
  let next = 0;
  const sender = async (): Promise<void> => {
    while (performance.now() - start < RUN_MS) latenciesMs.push(await send(url, load, next++, agent));
  };
  await Promise.all(Array.from({ length: senders }, sender));
  return outcomeOf(latenciesMs, start, agent);
}

/** Requests at even distances, whether or not the ones before were answered. */
async function paced(url: string, load: Load, spansPerSecond: number): Promise<Outcome> {
  const agent = new Agent({ keepAlive: true });
  const start = performance.now();
  const distanceMs = (1_000 * REQUEST_SPANS) / spansPerSecond;
  const sent = Array.from({ length: Math.floor(RUN_MS / distanceMs) }, async (_, i) => {
    const dueMs = start + i * distanceMs;
    await new Promise((done) => setTimeout(done, dueMs - performance.now()));
    return send(url, load, i, agent);
  });
  return outcomeOf(await Promise.all(sent), start, agent);
}

function outcomeOf(latenciesMs: readonly number[], startMs: number, agent: Agent): Outcome {
  const seconds = (performance.now() - startMs) / 1_000;
  agent.destroy();
  return { spansPerSecond: (latenciesMs.length * REQUEST_SPANS) / seconds, latenciesMs };
}

/** Sends one request; returns the milliseconds to its answer. @throws Error where it is not taken whole */
async function send(url: string, { headers, bodies }: Load, number: number, agent: Agent): Promise<number> {
  const body = bodies[number % bodies.length] ?? Buffer.alloc(0);
  const start = performance.now();
  const sent = request(url, { method: 'POST', agent, headers: { ...headers, 'content-length': body.length } });
  sent.end(body);
  const answer = await new Promise<IncomingMessage>((done, fail) => {
    sent.once('response', done).once('error', fail);
  });
  answer.resume();
  await once(answer, 'end');
  if (answer.statusCode !== 200) throw new Error(`A request was answered with ${answer.statusCode}.`);
  return performance.now() - start;
}
