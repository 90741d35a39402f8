import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { MalformedRequest } from './errors.js';

/** A request body over the limit, before or after decompression. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
}

/** The sender hung up before its request was complete: there is nobody to answer. */
export class Aborted extends Error {
  override readonly name = 'Aborted';
}

const gunzipAsync = promisify(gunzip);

/**
 * Reads the body of a request.
 *
 * @throws BodyTooLarge as soon as the limit is passed; Aborted where the sender went away
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const tooLarge = (): BodyTooLarge =>
    new BodyTooLarge(`The request is larger than ${maxBytes} bytes. Send fewer spans in one request.`);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request) {
      if (!(chunk instanceof Buffer)) continue;
      size += chunk.length;
      if (size > maxBytes) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof BodyTooLarge) throw error;
    throw new Aborted('The sender went away.', { cause: error });
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size);
}

/**
 * Unpacks a gzipped body, off the main thread.
 *
 * @throws BodyTooLarge where it unfolds past the limit; MalformedRequest where it is no gzip
 */
export async function unzip(body: Buffer, maxBytes: number): Promise<Buffer> {
  try {
    return await gunzipAsync(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') {
      throw new BodyTooLarge(
        `The request is larger than ${maxBytes} bytes when decompressed. Send fewer spans in one request.`,
      );
    }
    throw new MalformedRequest(
      `The request is not valid gzip: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
}
