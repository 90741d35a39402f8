import { Buffer } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request as requestHttp } from 'node:http';
import { Agent as TlsAgent, request as requestHttps } from 'node:https';
import type { AsReceived } from '../otlp/as-received.js';
import { NotForwarded } from './not-forwarded.js';
import type { Said } from './read-answer.js';
import { readAnswer, retryAfterOf } from './read-answer.js';
import type { Forwarding } from './settings.js';

/** Who is passed what was received. */
export interface Downstream extends Disposable {
  /** @throws NotForwarded where it did not take it */
  readonly post: (received: AsReceived) => Promise<Said>;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A connection that was kept from an earlier request, and was closed at the other end just then. */
class StaleConnection extends Error {
  override readonly name = 'StaleConnection';
  readonly code = 'ECONNRESET';
}

/** More connections than this are not opened: who comes then waits, within its time. */
const MOST_CONNECTIONS = 64;
/** More of an answer is not read. */
const MOST_ANSWER_BYTES = 64 * 1024;
const RETRY_SECONDS = 2;
/** Somebody has to change a setting first. */
const RETRY_AFTER_CHANGE_SECONDS = 30;

/**
 * Connects to who comes next, by OTLP/HTTP. Redirects are not followed: where they lead has not been agreed.
 *
 * @param pseudonym what this process is called in `Via`
 */
export function connectDownstream({ url, headers, timeoutMs }: Forwarding, pseudonym: string): Downstream {
  const isTls = url.protocol === 'https:';
  const settings = { keepAlive: true, maxSockets: MOST_CONNECTIONS };
  const agent = isTls ? new TlsAgent(settings) : new Agent(settings);
  const request = isTls ? requestHttps : requestHttp;

  async function post(received: AsReceived): Promise<Said> {
    let answer: Answer;
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      answer = await send(received, signal).catch((error: unknown) => {
        if (error instanceof StaleConnection) return send(received, signal);
        throw error;
      });
    } catch (error) {
      throw new NotForwarded(503, `${url.host} ${whyAway(error, timeoutMs)}`, RETRY_SECONDS);
    }
    return judged(answer, url.host);
  }

  /** @throws StaleConnection where another connection may do better */
  function send(received: AsReceived, signal: AbortSignal): Promise<Answer> {
    const { bytes, contentType, contentEncoding, via } = received;
    return new Promise((done, fail) => {
      const sent = request(url, {
        method: 'POST',
        agent,
        signal,
        headers: {
          ...headers,
          'Content-Type': contentType,
          'Content-Length': bytes.length,
          // Per RFC 9110, section 7.6.3: by this a request is known that comes back.
          Via: `${via === undefined ? '' : `${via}, `}1.1 ${pseudonym}`,
          ...(contentEncoding === null ? {} : { 'Content-Encoding': contentEncoding }),
        },
      });
      sent.once('error', (error: NodeJS.ErrnoException) => {
        fail(sent.reusedSocket && error.code === 'ECONNRESET' ? new StaleConnection(error.message) : error);
      });
      sent.once('response', (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        const end = (): void => {
          done({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
          // A connection on which more is to come, either way, is of no further use.
          if (!response.complete || !sent.writableFinished) sent.destroy();
        };
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          size += chunk.length;
          if (size > MOST_ANSWER_BYTES) end();
        });
        response.once('end', end).once('error', fail);
      });
      sent.end(bytes);
    });
  }

  return { post, [Symbol.dispose]: () => agent.destroy() };
}

function whyAway(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return 'does not answer.';
  const isLate = error.name === 'AbortError' || error.name === 'TimeoutError';
  if (isLate) return `did not answer within ${timeoutMs / 1_000} s.`;
  return `cannot be reached (${'code' in error ? String(error.code) : error.name}).`;
}

/**
 * What an answer means for the sender. Per the specification of OTLP/HTTP 429, 502, 503 and 504 are sent again and
 * everything else is not; but what only a change of our own settings can mend is not the sender's fault, and waits for it.
 * https://opentelemetry.io/docs/specs/otlp/#failures-1
 */
function judged({ status, headers, body }: Answer, host: string): Said {
  const said = readAnswer(body, headers['content-type'], status < 300);
  if (status >= 200 && status < 300) return said;
  const words = `${host} answered ${status}${said.message === '' ? '' : `: ${said.message}`}`;
  const retryAfter = retryAfterOf(headers, Date.now()) ?? RETRY_SECONDS;
  if (status === 429) throw new NotForwarded(429, words, retryAfter);
  if ([502, 503, 504].includes(status)) throw new NotForwarded(503, words, retryAfter);
  if (status < 400 || [401, 403, 404, 405, 407].includes(status)) {
    throw new NotForwarded(
      503,
      `${host} answered ${status}, so the settings have to be corrected`,
      RETRY_AFTER_CHANGE_SECONDS,
    );
  }
  throw new NotForwarded(status >= 500 ? 500 : status === 413 ? 413 : 400, words);
}
