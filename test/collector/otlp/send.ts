import type { IncomingHttpHeaders } from 'node:http';
import { request as httpRequest } from 'node:http';
import pino from 'pino';
import type { Receiver, ReceiverOptions } from '../../../collector/otlp/receiver.js';
import { startReceiver } from '../../../collector/otlp/receiver.js';
import type { SpanRows } from '../../../collector/store/span-rows.js';
import type { Span } from '../../../schemas/span.js';
import { contract } from '../../support/contract.js';
import { callSpan, requestOf, text, toProtobuf } from './request.js';

export const PROTOBUF = { 'content-type': 'application/x-protobuf' };
export const JSON_TYPE = { 'content-type': 'application/json' };

/** The attributes that a call must have. */
export const whole = [text('tenant.id', 'acme'), text('feature.id', 'chat'), text('budget.policy.id', 'pro')];

/** A request with nothing wrong. */
export const good = (): Buffer => toProtobuf(requestOf([callSpan(whole)]));

/** A receiver on a free port, with what it was given to store. */
export async function receive(options: Partial<ReceiverOptions> = {}): Promise<{ receiver: Receiver; stored: Span[] }> {
  const stored: Span[] = [];
  const sink = {
    write: async (rows: SpanRows) => {
      stored.push(...rows.spans);
    },
  };
  const log = pino({ level: 'silent' });
  const receiver = await startReceiver({
    host: '127.0.0.1',
    port: 0,
    contract: contract(),
    sink,
    log,
    clockUs: () => 0,
    ...options,
  });
  return { receiver, stored };
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Sending {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  /** Chunks that are sent one after the other, without a length. */
  readonly chunks?: readonly Buffer[];
}

/** Sends one request and waits for its answer. */
export function send(
  receiver: Receiver,
  body: Buffer | null,
  { path = '/v1/traces', method = 'POST', headers = PROTOBUF, chunks }: Sending = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { port } = receiver;
    const length = body === null ? {} : { 'content-length': String(body.length) };
    const sent = httpRequest(
      { host: '127.0.0.1', port, path, method, headers: { ...headers, ...length } },
      (response) => {
        const received: Buffer[] = [];
        response.on('data', (chunk: Buffer) => received.push(chunk));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(received) });
          sent.destroy();
        });
      },
    );
    // What a sender cannot finish after its answer is no failure.
    sent.on('error', (error) => setTimeout(() => reject(error), 200));
    for (const chunk of chunks ?? []) sent.write(chunk);
    sent.end(body ?? undefined);
  });
}
