import type { IncomingMessage } from 'node:http';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { isPublicAddress, lookupPublic, RefusedAddress } from './addresses.js';

const TIMEOUT_MS = 10_000;

export interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Whether the host may be on an address that is not public. */
  readonly allowPrivate: boolean;
}

/**
 * Posts a text, and resolves where the answer is 2xx. Redirects are not followed: where they lead has not been agreed.
 *
 * @throws Error that says what went wrong: the address is refused, nothing answers in 10 s, or another status
 */
export async function post({ url, headers, body, allowPrivate }: Post): Promise<void> {
  const target = new URL(url);
  const host = target.hostname.replace(/^\[(.*)\]$/, '$1');
  // An address is not looked up, so that it has to be judged here.
  if (!allowPrivate && isIP(host) !== 0 && !isPublicAddress(host)) throw new RefusedAddress(host, host);
  const request = target.protocol === 'https:' ? requestHttps : requestHttp;
  const response = await new Promise<IncomingMessage>((done, fail) => {
    const sent = request(
      target,
      {
        method: 'POST',
        headers: { ...headers, 'Content-Length': Buffer.byteLength(body) },
        // A connection that is kept from an earlier request would not be judged again.
        agent: false,
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(allowPrivate ? {} : { lookup: lookupPublic }),
      },
      done,
    );
    sent.once('socket', (socket) => {
      socket.once('connect', () => {
        const { remoteAddress = '' } = socket;
        if (!allowPrivate && !isPublicAddress(remoteAddress)) sent.destroy(new RefusedAddress(host, remoteAddress));
      });
    });
    sent.once('error', (error) => {
      const isLate = error.name === 'AbortError' || error.name === 'TimeoutError';
      fail(isLate ? new Error(`${target.host} did not answer within ${TIMEOUT_MS / 1_000} s.`) : error);
    });
    sent.end(body);
  });
  const { statusCode: status = 0 } = response;
  // What it says besides is of no use; the connection is not used again.
  response.destroy();
  if (status >= 300 && status < 400)
    throw new Error(`${target.host} answered ${status}, a redirect; redirects are not followed.`);
  if (status < 200 || status >= 300) throw new Error(`${target.host} answered ${status}.`);
}
