import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { portOf } from './free-port.js';

export interface Hook {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A server that takes what is posted to it, in order, and answers with the status that is asked of it. */
export interface WebhookReceiver extends AsyncDisposable {
  readonly url: string;
  readonly taken: Hook[];
  answer: { status: number; headers?: Record<string, string> };
}

/** Starts one on a free port of the loopback interface. */
export async function startWebhook(): Promise<WebhookReceiver> {
  const taken: Hook[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      taken.push({ headers: request.headers, body });
      response.writeHead(receiver.answer.status, receiver.answer.headers).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver: WebhookReceiver = {
    url: `http://127.0.0.1:${portOf(server)}/hook`,
    taken,
    answer: { status: 200 },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return receiver;
}
