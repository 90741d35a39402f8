import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Session } from 'node:http2';
import { constants, createServer as createHttp2Server } from 'node:http2';

/** A prompt with this text is refused, since too much was asked for. */
export const TOO_MANY = 'too many requests';

/** A prompt with this text is refused the first time, and answered from then on. */
export const BUSY_ONCE = 'busy at first';

/** A prompt with this text gets half a stream, and then nothing more until its reader leaves, or has had its time. */
export const STALL = 'stall the stream';

const STALLED_MS = 300;

/** A prompt with this text gets half a stream: the socket is cut. */
export const CUT = 'cut the stream';

/** A prompt with this text gets a call of a tool for an answer. */
export const USE_TOOL = 'use a tool';

/** An answer that is being written, over HTTP/1.1 or HTTP/2. */
export type Answer = ServerResponse | Http2ServerResponse;

/** A request to a stand-in for a provider. */
export interface Asked {
  readonly path: string;
  readonly body: string;
  readonly response: Answer;
}

/** A stand-in for a provider: how it speaks, in the provider's own words. */
export interface Speech {
  /** Says that too much was asked for. */
  readonly refuse: (response: Answer) => void;
  readonly answer: (asked: Asked) => void;
}

/** A running stand-in for a provider. */
export interface StandIn extends AsyncDisposable {
  /** Its address, without a path. */
  readonly url: string;
  /** How many requests were refused. */
  readonly refused: () => number;
}

/**
 * Starts a stand-in for a provider, on a free port.
 *
 * @param protocol `h2c` is HTTP/2 without TLS, as a client speaks it that expects nothing else
 */
export async function startStandIn({ refuse, answer }: Speech, protocol: 'http' | 'h2c' = 'http'): Promise<StandIn> {
  const seen = new Set<string>();
  let refused = 0;
  const listen = (request: IncomingMessage | Http2ServerRequest, response: Answer): void => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const isFirst = !seen.has(body);
      seen.add(body);
      if (body.includes(TOO_MANY) || (body.includes(BUSY_ONCE) && isFirst)) {
        refused += 1;
        refuse(response);
      } else answer({ path: request.url ?? '', body, response });
    });
  };
  const server = protocol === 'http' ? createServer(listen) : createHttp2Server(listen);
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session: ServerHttp2Session) => sessions.add(session));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The stand-in has no port.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    refused: () => refused,
    [Symbol.asyncDispose]: async () => {
      for (const session of sessions) session.destroy();
      if ('closeAllConnections' in server) server.closeAllConnections();
      await new Promise((done) => {
        server.close(done);
      });
    },
  };
}

/** Answers with JSON. */
export function sendJson(response: Answer, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** Sends the parts of a stream one by one; all of them, or half, as the prompt has it. */
export async function sendParts(
  response: Answer,
  prompt: string,
  parts: readonly (string | Uint8Array)[],
): Promise<void> {
  const isHalf = prompt.includes(STALL) || prompt.includes(CUT);
  for (const part of isHalf ? parts.slice(0, Math.ceil(parts.length / 2)) : parts) {
    // Waits until it has left, so that a cut comes after what was sent before it.
    await new Promise<void>((done) => {
      if ('stream' in response) response.stream.write(part, () => done());
      else response.write(part, () => done());
    });
  }
  if (prompt.includes(CUT)) cut(response);
  // Some clients leave a stream without a word to the provider, and would wait for the rest when they end.
  else if (prompt.includes(STALL)) setTimeout(cut, STALLED_MS, response);
  else response.end();
}

function cut(response: Answer): void {
  if ('stream' in response) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else response.socket?.destroy();
}
