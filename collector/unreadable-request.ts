import type { IncomingMessage, ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** What `node:http` says of a message that it cannot read: a code of its own or of its parser, and the parser's reason. */
interface ReadError extends Error {
  readonly code?: string;
  readonly reason?: string;
}

/**
 * Makes the two halves by which a server answers what is no HTTP request, or never becomes one: with a status, and with
 * words that name the problem. By default `node:http` sends a bare status line.
 *
 * @param onAnswer is told of each
 */
export function unreadableRequests(onAnswer: () => void): {
  /** Is told of every request that could be read: its answer must not be spoken into. */
  readonly began: (request: IncomingMessage, response: ServerResponse) => void;
  /** For the server's `clientError`. */
  readonly answer: (error: ReadError, socket: Duplex) => void;
} {
  const lastOf = new WeakMap<Duplex, ServerResponse>();
  return {
    began: ({ socket }, response) => {
      lastOf.set(socket, response);
      // Kept until the next request comes, each connection's last answer would be copied by every collection of garbage.
      response.once('close', () => {
        if (lastOf.get(socket) === response) lastOf.delete(socket);
      });
    },
    answer: (error, socket) => {
      const last = lastOf.get(socket);
      // Answers come in the order of requests: what was read whole before gets its own first.
      if (last !== undefined && last.req.complete && !last.writableFinished) {
        last.once('close', () => say(error, socket));
      } else if (last?.headersSent === true && !last.writableFinished) socket.destroy();
      else say(error, socket);
    },
  };

  function say(error: ReadError, socket: Duplex): void {
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    onAnswer();
    const [status, message] = wordsFor(error);
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
        `Content-Length: ${Buffer.byteLength(message)}\r\nConnection: close\r\n\r\n${message}`,
      () => socket.destroy(),
    );
  }
}

type Words = readonly [status: number, message: string];

/** https://nodejs.org/api/http.html#event-clienterror */
const KNOWN: Readonly<Record<string, Words>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not arrive whole in the time that it may take.\n'],
  HPE_HEADER_OVERFLOW: [431, 'The headers of the request are larger than 16 KiB.\n'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'The extensions of a chunk of the request are larger than 16 KiB.\n'],
};

function wordsFor({ code = '', reason, message }: ReadError): Words {
  const why = (reason ?? message).replaceAll(/[^\x20-\x7e]/g, '?');
  return KNOWN[code] ?? [400, `This is no HTTP request that can be read: ${why}.\n`];
}
