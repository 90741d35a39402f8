/** The process that sends: started by `startLoad`, so that what is measured shares no thread with its load. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { JsonRequest } from '../collector/otlp/request.js';
import { toJson, toProtobuf } from '../collector/otlp/request.js';
import type { Outcome, Sending } from './start-load.js';
import { benchRequests, REQUEST_SPANS } from './workload.js';

const REQUESTS = 40;
/** A connection that nothing was sent over for so long is closed here: the receiver would close it while a request comes. */
const IDLE_MS = 30_000;

/** A body to send, and where trace ids stand in it: each time it is sent they are new ones. */
interface Body {
  readonly bytes: Buffer;
  readonly traceIdsAt: readonly number[];
}

const requests = benchRequests(REQUESTS, 2, BigInt(Date.now()) * 1_000_000n);
const prepared = new Map<string, readonly Body[]>();
let sent = 0;

function bodiesOf({ format, isGzip, isAlone = false }: Sending): readonly Body[] {
  const key = `${format} ${isGzip} ${isAlone}`;
  const known = prepared.get(key);
  if (known !== undefined) return known;
  const bodies = requests.map((request): Body => {
    const one = isAlone ? apart(request) : request;
    const bytes = format === 'json' ? toJson(one) : toProtobuf(one);
    // What is packed cannot be changed without packing it again, which would be work of the sender.
    return isGzip ? { bytes: gzipSync(bytes), traceIdsAt: [] } : { bytes, traceIdsAt: traceIdsIn(bytes, one, format) };
  });
  prepared.set(key, bodies);
  return bodies;
}

/** The same spans, each in a trace of its own. */
function apart({ resourceSpans }: JsonRequest): JsonRequest {
  return {
    resourceSpans: resourceSpans.map(({ scopeSpans, ...resource }) => ({
      ...resource,
      scopeSpans: scopeSpans.map(({ spans, ...scope }) => ({
        ...scope,
        spans: spans.map((span) => ({ ...span, traceId: `${span.spanId}${span.spanId}`, parentSpanId: '' })),
      })),
    })),
  };
}

function traceIdsIn(bytes: Buffer, { resourceSpans }: JsonRequest, format: Sending['format']): number[] {
  const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
  const places: number[] = [];
  for (const id of new Set(spans.map(({ traceId }) => traceId))) {
    const needle = format === 'json' ? Buffer.from(id) : Buffer.from(id, 'hex');
    for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 1)) places.push(at);
  }
  return places;
}

/** A body as it was never sent before, as far as it can be changed. */
function freshBody({ bytes, traceIdsAt }: Body, number: number, format: Sending['format']): Buffer {
  if (traceIdsAt.length === 0) return bytes;
  const fresh = Buffer.from(bytes);
  // The first byte stays, so that no id becomes all zeros.
  const stamp = number.toString(16).padStart(6, '0').slice(-6);
  for (const at of traceIdsAt) {
    if (format === 'json') fresh.write(stamp, at + 2, 'latin1');
    else fresh.writeUIntBE(number % 2 ** 24, at + 1, 3);
  }
  return fresh;
}

/** So many senders, each of which sends again as soon as it was answered. */
async function saturate(sending: Sending, senders: number): Promise<Outcome> {
  const agent = new Agent({ keepAlive: true, maxSockets: senders });
  const bodies = bodiesOf(sending);
  const latenciesMs: number[] = [];
  const start = performance.now();
  const sender = async (): Promise<void> => {
    while (performance.now() - start < sending.ms) latenciesMs.push(await send(sending, bodies, agent));
  };
  await Promise.all(Array.from({ length: senders }, sender));
  return outcomeOf(latenciesMs, start, agent);
}

/** Requests at even distances, whether or not the ones before were answered. */
async function paced(sending: Sending, spansPerSecond: number): Promise<Outcome> {
  const agent = new Agent({ keepAlive: true, timeout: IDLE_MS });
  const bodies = bodiesOf(sending);
  const start = performance.now();
  const distanceMs = (1_000 * REQUEST_SPANS) / spansPerSecond;
  const all = Array.from({ length: Math.max(1, Math.floor(sending.ms / distanceMs)) }, async (_, i) => {
    await new Promise((done) => setTimeout(done, start + i * distanceMs - performance.now()));
    return send(sending, bodies, agent);
  });
  return outcomeOf(await Promise.all(all), start, agent);
}

function outcomeOf(latenciesMs: readonly number[], startMs: number, agent: Agent): Outcome {
  const seconds = (performance.now() - startMs) / 1_000;
  agent.destroy();
  const spans = latenciesMs.length * REQUEST_SPANS;
  return { spans, spansPerSecond: spans / seconds, latenciesMs };
}

/** Sends one request; returns the milliseconds to its answer. @throws Error where it is not taken whole */
async function send(sending: Sending, bodies: readonly Body[], agent: Agent): Promise<number> {
  const number = (sent += 1);
  const body = bodies[number % bodies.length];
  if (body === undefined) throw new Error('There is nothing to send.');
  const bytes = freshBody(body, number, sending.format);
  const start = performance.now();
  const headers = {
    'content-type': sending.format === 'json' ? 'application/json' : 'application/x-protobuf',
    ...(sending.isGzip ? { 'content-encoding': 'gzip' } : {}),
    'content-length': bytes.length,
  };
  const outgoing = request(sending.url, { method: 'POST', agent, headers });
  outgoing.end(bytes);
  const answer = await new Promise<IncomingMessage>((done, fail) => {
    outgoing.once('response', done).once('error', fail);
  });
  answer.resume();
  await once(answer, 'end');
  if (answer.statusCode !== 200) throw new Error(`A request was answered with ${answer.statusCode}.`);
  return performance.now() - start;
}

process.on('message', (sending: Sending) => {
  const { pace } = sending;
  const outcome = 'senders' in pace ? saturate(sending, pace.senders) : paced(sending, pace.spansPerSecond);
  outcome.then(
    (result) => process.send?.({ outcome: result }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
