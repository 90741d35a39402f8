import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import type { GatheredBytes } from './body-memory.js';
import { MalformedRequest } from './errors.js';

/** A request body over the limit, before or after decompression. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
}

/** The sender hung up before its request was complete: there is nobody to answer. */
export class Aborted extends Error {
  override readonly name = 'Aborted';
}

/** Asks for memory before it is used; throws where there is none to give. */
export type TakeBytes = (bytes: number) => void;

/** Larger pieces than by default (16 KiB): fewer trips between threads. */
const GUNZIP_CHUNK_BYTES = 256 * 1024;

/**
 * Reads the body of a request. On an error the rest of the body is left unread, and the request can still be answered.
 *
 * @param take is asked for every piece as it arrives: what a sender only announces costs nothing
 * @param into where the pieces are put together
 * @throws BodyTooLarge as soon as the limit is passed; Aborted where the sender went away; what `take` throws
 */
export function readBody(
  request: IncomingMessage,
  maxBytes: number,
  take: TakeBytes,
  into: Pick<GatheredBytes, 'append'>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const announced = Number(request.headers['content-length'] ?? 0);
    let size = 0;

    function onData(chunk: Buffer): void {
      try {
        size += chunk.length;
        if (size > maxBytes) throw tooLarge(maxBytes, '');
        take(chunk.length);
        into.append(chunk, announced);
      } catch (error) {
        fail(error);
      }
    }

    function onEnd(): void {
      leave();
      resolve();
    }

    function onGone(cause?: unknown): void {
      fail(new Aborted('The sender went away.', { cause }));
    }

    function fail(error: unknown): void {
      leave();
      request.pause();
      reject(error instanceof Error ? error : new Error(String(error)));
    }

    function leave(): void {
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
      // A request that nobody listens to must not bring the process down when its sender goes away.
      request.on('error', () => {});
    }

    if (announced > maxBytes) reject(tooLarge(maxBytes, ''));
    else request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });
}

/**
 * Unpacks a gzipped body, off the main thread.
 *
 * @param take is asked for every piece as it unfolds: what is packed says nothing true of how much it will be
 * @param into where the pieces are put together
 * @throws BodyTooLarge where it unfolds past the limit; MalformedRequest where it is no gzip; what `take` throws
 */
export async function unzip(body: Buffer, maxBytes: number, take: TakeBytes, into: GatheredBytes): Promise<void> {
  const gunzip = createGunzip({ chunkSize: GUNZIP_CHUNK_BYTES });
  gunzip.end(body);
  let size = 0;
  try {
    for await (const chunk of gunzip) {
      if (!(chunk instanceof Buffer)) continue;
      size += chunk.length;
      if (size > maxBytes) throw tooLarge(maxBytes, ' when decompressed');
      take(chunk.length);
      into.append(chunk);
    }
  } catch (error) {
    if (isZlibError(error)) throw new MalformedRequest(`The request is not valid gzip: ${error.message}.`);
    throw error;
  } finally {
    gunzip.destroy();
  }
}

function tooLarge(maxBytes: number, when: string): BodyTooLarge {
  return new BodyTooLarge(`The request is larger than ${maxBytes} bytes${when}. Send fewer spans in one request.`);
}

function isZlibError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('Z_');
}
