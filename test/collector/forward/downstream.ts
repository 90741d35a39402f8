import { createServer } from 'node:http';
import type { IncomingHttpHeaders, RequestListener } from 'node:http';
import pino from 'pino';
import { createForwardMetrics } from '../../../collector/forward/metrics.js';
import type { Forwarder } from '../../../collector/forward/forwarder.js';
import { startForwarder } from '../../../collector/forward/forwarder.js';
import { createForwardingIntake } from '../../../collector/forward/forwarding-intake.js';
import type { Forwarding } from '../../../collector/forward/settings.js';
import type { QueueOptions } from '../../../collector/forward/queue.js';
import type { Receiver, ReceiverOptions } from '../../../collector/otlp/receiver.js';
import { createMetrics } from '../../../collector/watch/metrics.js';
import type { Span } from '../../../schemas/span.js';
import { listen } from '../../../collector/listen.js';
import { receive } from '../otlp/send.js';

/** What reached a downstream. */
export interface Arrived {
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A server that takes what it is passed, and answers as it is told. */
export interface TestDownstream extends AsyncDisposable {
  readonly url: URL;
  readonly arrived: Arrived[];
  /** How it answers from now on; at first with 200 and nothing. */
  answer: RequestListener;
}

export async function startDownstream(): Promise<TestDownstream> {
  const arrived: Arrived[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      arrived.push({ path: request.url, headers: request.headers, body: Buffer.concat(chunks) });
      downstream.answer(request, response);
    });
  });
  const port = await listen(server, '127.0.0.1', 0, '');
  const downstream: TestDownstream = {
    url: new URL(`http://127.0.0.1:${port}/v1/traces`),
    arrived,
    answer: (_request, response) => response.end(),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return downstream;
}

/** A receiver that passes on what it takes. */
export interface TestForwarder extends AsyncDisposable {
  readonly receiver: Receiver;
  readonly stored: Span[];
  readonly forwarder: Forwarder;
  readonly log: () => string;
  /** Reads one counter, by its name and labels as Prometheus writes them. */
  readonly metric: (name: string) => Promise<number>;
}

export interface Forwards extends Partial<Forwarding> {
  readonly url: URL;
  readonly bounds?: Pick<QueueOptions, 'maxBytes' | 'giveUpMs' | 'lastWordsMs'>;
  readonly receiver?: Partial<ReceiverOptions>;
}

export async function forwardTo({ bounds, receiver: options, ...forwarding }: Forwards): Promise<TestForwarder> {
  const metrics = createMetrics();
  let log = '';
  const forwarder = startForwarder(
    { headers: {}, acknowledge: 'forwarded', timeoutMs: 5_000, ...forwarding },
    createForwardMetrics(metrics.registry),
    pino({ level: 'debug' }, { write: (line) => (log += line) }),
    bounds,
  );
  const { receiver, stored } = await receive({
    makeIntake: (intake) => createForwardingIntake(intake, forwarder),
    metrics,
    ...options,
  });
  return {
    receiver,
    stored,
    forwarder,
    log: () => log,
    metric: async (name) => {
      const line = (await metrics.registry.metrics()).split('\n').find((one) => one.startsWith(`${name} `));
      return Number(line?.slice(name.length));
    },
    [Symbol.asyncDispose]: async () => {
      await receiver.stop();
      await forwarder[Symbol.asyncDispose]();
    },
  };
}
