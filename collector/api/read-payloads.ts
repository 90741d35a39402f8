import { readRecord } from '../../auditor/payloads/all.js';
import type { GatewayName, GatewayRecord } from '../../schemas/payload.js';
import { jsonValues } from '../json-lines.js';
import { MalformedRequest } from '../otlp/errors.js';
import { BadRequest } from './request.js';

/** So many refusals are explained; the others are alike. */
export const MAX_EXPLAINED = 100;

/** What a request with records of a gateway's log holds. */
export interface ReadPayloads {
  /** Each record once: the last of those that share an id. */
  readonly records: readonly GatewayRecord[];
  readonly rejected: number;
  /** Why the first of them were rejected, by their place in the request. */
  readonly reasons: readonly { readonly index: number; readonly reason: string }[];
}

/**
 * Reads the records in a request.
 *
 * @throws BadRequest where it is not JSON
 */
export function readPayloads(body: Buffer, gateway: GatewayName): ReadPayloads {
  const records = new Map<string, GatewayRecord>();
  const reasons: { index: number; reason: string }[] = [];
  let rejected = 0;
  let index = 0;
  for (const value of valuesIn(body)) {
    const read = readRecord(value, gateway);
    if ('reason' in read) {
      rejected += 1;
      if (reasons.length < MAX_EXPLAINED) reasons.push({ index, reason: read.reason });
    } else records.set(read.recordId, read);
    index += 1;
  }
  return { records: [...records.values()], reasons, rejected };
}

function valuesIn(body: Buffer): unknown[] {
  try {
    return [...jsonValues(body.toString('utf8'))];
  } catch (error) {
    if (error instanceof MalformedRequest)
      throw new BadRequest(`Expected JSON, a list, or one record a line: ${error.message}`);
    throw error;
  }
}
