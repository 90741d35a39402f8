import { decodeProtobuf } from '../../collector/otlp/protobuf.js';
import { createSpanReader } from '../../collector/otlp/span-reader.js';
import { stampRows } from '../../collector/store/span-rows.js';
import { toProtobuf } from '../collector/otlp/request.js';
import { contract } from '../support/contract.js';
import { benchRequests, REQUEST_SPANS } from './workload.js';

/** Requests in one insert: as many as 16 senders have under way. */
const REQUESTS = 16;
/** Spans in one insert. */
export const PREPARED_SPANS: number = REQUESTS * REQUEST_SPANS;
/** Four columns of 8, 2, 8 and 8 bytes come before the trace id: see `spanColumns`. */
const TRACE_ID_AT = 26;

/**
 * The rows of an insert, with other trace ids each time they are asked for: rows that replace each other would be next
 * to nothing to merge.
 */
export function preparedBody(seed: number): () => Buffer {
  const reader = createSpanReader(contract());
  const requests = benchRequests(REQUESTS, seed, BigInt(Date.now()) * 1_000_000n);
  const parts = requests.map((request) => decodeProtobuf(toProtobuf(request), reader).rows);
  for (const rows of parts) stampRows(rows, Date.now() * 1_000);
  let size = 0;
  const traceIdsAt = parts.flatMap(({ bytes, starts }) => {
    const before = size;
    size += bytes.length;
    return starts.map((at) => before + at + TRACE_ID_AT);
  });
  const body = Buffer.concat(parts.map(({ bytes }) => bytes));
  let asked = 0;
  return () => {
    const stamp = (asked += 1).toString(16).padStart(6, '0');
    for (const at of traceIdsAt) body.write(stamp, at, 'latin1');
    return body;
  };
}
