import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import type { Span } from '../../schemas/span.js';
import { BodyTooLarge, unzip } from '../otlp/body.js';
import { MalformedRequest } from '../otlp/errors.js';
import { decodeJsonValue } from '../otlp/json.js';
import { decodeProtobuf } from '../otlp/protobuf.js';
import type { DecodedRequest, SpanReader } from '../otlp/span-reader.js';
import { UsageError } from './exit.js';

const MAX_FILE_BYTES = 2 * 1024 ** 3;

/** The spans of a file, and what could not be used. */
export interface SpanFile {
  readonly spans: readonly Span[];
  readonly rejected: number;
}

/**
 * Reads the spans in a file: OTLP/JSON (one export request, or one a line), or OTLP protobuf, gzipped or not.
 *
 * @param path `-` for standard input
 * @throws UsageError that names the file, and the line where there are lines
 */
export async function readSpanFile(path: string, reader: SpanReader): Promise<SpanFile> {
  const name = path === '-' ? 'standard input' : path;
  try {
    const bytes = await unpacked(path === '-' ? await buffer(process.stdin) : await readFile(path));
    const requests = looksLikeJson(bytes)
      ? [...readJson(bytes.toString('utf8'), reader)]
      : [decodeProtobuf(bytes, reader)];
    return {
      spans: requests.flatMap(({ spans }) => spans),
      rejected: requests.reduce((sum, { rejected }) => sum + rejected, 0),
    };
  } catch (error) {
    if (error instanceof MalformedRequest) {
      throw new UsageError(
        `${name}: ${error.message} Expected OTLP as JSON (one request, or one a line) or as protobuf.`,
      );
    }
    if (error instanceof BodyTooLarge || isTooLarge(error)) {
      throw new UsageError(`${name} is too large to be read at once. Split it, keeping each line or request whole.`);
    }
    throw error;
  }
}

function isTooLarge(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'ERR_STRING_TOO_LONG' || error.code === 'ERR_FS_FILE_TOO_LARGE')
  );
}

async function unpacked(bytes: Buffer): Promise<Buffer> {
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? unzip(bytes, MAX_FILE_BYTES) : bytes;
}

/**
 * A protobuf request begins with the tag of its first field, 0x0A, which is a line feed too, and then a length, which
 * may well be that of a brace. But early on it must have a field 2, with the tag 0x12, and JSON has no control
 * characters beside white space.
 */
function looksLikeJson(bytes: Buffer): boolean {
  const start = bytes.subarray(0, 4_096);
  const first = /^(?:\u00EF\u00BB\u00BF)?\s*([^\s])/.exec(start.toString('latin1'))?.[1];
  return first === undefined || ((first === '{' || first === '[') && !start.includes(0x12));
}

function* readJson(text: string, reader: SpanReader): Iterable<DecodedRequest> {
  const whole = parsed(text);
  if (whole !== undefined) {
    for (const request of Array.isArray(whole) ? whole : [whole]) yield decodeJsonValue(request, reader);
    return;
  }
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const value = parsed(line);
    if (value === undefined) throw new MalformedRequest(`line ${i + 1} is not JSON.`);
    yield decodeJsonValue(value, reader);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return undefined;
  }
}
