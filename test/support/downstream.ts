import type { IncomingHttpHeaders, RequestListener } from 'node:http';
import { createServer } from 'node:http';
import { listen } from '../../collector/listen.js';

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
