import { createRowWriter } from '../store/row-writer.js';

/** The two encodings of OTLP/HTTP. */
export type Encoding = 'protobuf' | 'json';

export const CONTENT_TYPES: Readonly<Record<Encoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

/** `google.rpc.Code`, the few that are answered. */
export type RpcCode = 3 | 5 | 7 | 8 | 12 | 13 | 14 | 16;

/**
 * ExportTraceServiceResponse { 1: ExportTracePartialSuccess { 1: int64 rejected_spans, 2: string error_message } }
 *
 * @param message empty where there is nothing to say; with none rejected it is a warning, per the specification
 */
export function exportResponse(encoding: Encoding, rejectedSpans: number, message: string): Buffer {
  const isPartial = rejectedSpans > 0 || message !== '';
  if (encoding === 'json') {
    const partialSuccess = { rejectedSpans: String(rejectedSpans), errorMessage: message };
    return Buffer.from(JSON.stringify(isPartial ? { partialSuccess } : {}));
  }
  if (!isPartial) return Buffer.alloc(0);
  return lengthField(
    1,
    Buffer.concat([
      rejectedSpans > 0 ? varintField(1, rejectedSpans) : Buffer.alloc(0),
      lengthField(2, Buffer.from(message)),
    ]),
  );
}

/** google.rpc.Status { 1: int32 code, 2: string message } */
export function errorStatus(encoding: Encoding, code: RpcCode, message: string): Buffer {
  if (encoding === 'json') return Buffer.from(JSON.stringify({ code, message }));
  return Buffer.concat([varintField(1, code), lengthField(2, Buffer.from(message))]);
}

/**
 * A google.rpc.Status that says when to send the request again:
 * { 1: code, 2: message, 3: Any { 1: type_url, 2: RetryInfo { 1: Duration { 1: int64 seconds } } } }
 */
export function retryStatus(code: RpcCode, message: string, seconds: number): Buffer {
  const retryInfo = lengthField(1, varintField(1, seconds));
  const type = Buffer.from('type.googleapis.com/google.rpc.RetryInfo');
  const details = lengthField(3, Buffer.concat([lengthField(1, type), lengthField(2, retryInfo)]));
  return Buffer.concat([errorStatus('protobuf', code, message), details]);
}

function varintField(number: number, value: number): Buffer {
  return Buffer.concat([Buffer.of(number * 8), varint(value)]);
}

function lengthField(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.of(number * 8 + 2), varint(bytes.length), bytes]);
}

/** ClickHouse and protobuf write varints alike. */
function varint(value: number): Buffer {
  const row = createRowWriter();
  row.length(value);
  return Buffer.from(row.bytes());
}
