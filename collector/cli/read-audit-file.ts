import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import type { Unreadable } from '../../auditor/payloads/adapter.js';
import { isRecognised, readRecord } from '../../auditor/payloads/all.js';
import type { GatewayName, GatewayRecord } from '../../schemas/payload.js';
import type { Span } from '../../schemas/span.js';
import { jsonValues } from '../json-lines.js';
import { createBodyMemory } from '../otlp/body-memory.js';
import { BodyTooLarge, unzip } from '../otlp/body.js';
import type { DecodedRequest } from '../otlp/decoded-request.js';
import { MalformedRequest } from '../otlp/errors.js';
import { decodeJsonValue } from '../otlp/json.js';
import { decodeProtobuf } from '../otlp/protobuf.js';
import type { SpanReader } from '../otlp/span-reader.js';
import { UsageError } from './exit.js';

const MAX_FILE_BYTES = 2 * 1024 ** 3;

/** What a file holds: spans, or the records of a gateway's log, or both. */
export interface AuditFile {
  readonly spans: readonly Span[];
  readonly records: readonly GatewayRecord[];
  /** Spans that could not be used. */
  readonly rejectedSpans: number;
  /** Records that could not be used, and why the first of them could not. */
  readonly rejectedRecords: number;
  readonly rejectedReason: string;
}

/**
 * Reads a file: OTLP/JSON (one export request, or one a line), OTLP protobuf, or a gateway's log as JSON (one record,
 * a list, or one a line); gzipped or not. What a JSON value is, is seen from itself.
 *
 * @param path `-` for standard input
 * @param from the gateway whose log it is; without it, its records are recognised
 * @throws UsageError that names the file, and the line where there are lines
 */
export async function readAuditFile(path: string, reader: SpanReader, from?: GatewayName): Promise<AuditFile> {
  const name = path === '-' ? 'standard input' : path;
  try {
    const bytes = await unpacked(path === '-' ? await buffer(process.stdin) : await readFile(path));
    return looksLikeJson(bytes) || from !== undefined
      ? readJson(bytes.toString('utf8'), reader, from)
      : fileOf([decodeProtobuf(bytes, reader)], []);
  } catch (error) {
    if (error instanceof MalformedRequest) {
      throw new UsageError(
        `${name}: ${error.message} Expected OTLP as JSON (one request, or one a line) or as protobuf, or a gateway's log as JSON.`,
      );
    }
    if (error instanceof BodyTooLarge || isTooLarge(error)) {
      throw new UsageError(`${name} is too large to be read at once. Split it, keeping each line or request whole.`);
    }
    throw error;
  }
}

function fileOf(requests: readonly DecodedRequest[], read: readonly (GatewayRecord | Unreadable)[]): AuditFile {
  const records = read.flatMap((one) => ('reason' in one ? [] : [one]));
  const refused = read.flatMap((one) => ('reason' in one ? [one] : []));
  return {
    spans: requests.flatMap(({ spans }) => spans),
    records,
    rejectedSpans: requests.reduce((sum, { rejected }) => sum + rejected, 0),
    rejectedRecords: refused.length,
    rejectedReason: refused[0]?.reason ?? '',
  };
}

function isTooLarge(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'ERR_STRING_TOO_LONG' || error.code === 'ERR_FS_FILE_TOO_LARGE')
  );
}

async function unpacked(bytes: Buffer): Promise<Buffer> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const unfolded = createBodyMemory(0).open();
  await unzip(bytes, MAX_FILE_BYTES, () => {}, unfolded);
  return unfolded.bytes();
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

function readJson(text: string, reader: SpanReader, from: GatewayName | undefined): AuditFile {
  const requests: DecodedRequest[] = [];
  const records: (GatewayRecord | Unreadable)[] = [];
  for (const value of jsonValues(text)) {
    if (from !== undefined || isRecognised(value)) records.push(readRecord(value, from));
    else requests.push(decodeJsonValue(value, reader));
  }
  return fileOf(requests, records);
}
