import type { Buffer } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import * as z from 'zod';
import { cutText } from '../otlp/text.js';
import { createWire, enter, readInt64Text, readTag, skip } from '../otlp/wire.js';

/** What an answer of OTLP/HTTP says beside its status. */
export interface Said {
  readonly rejected: number;
  /** For a person; empty: nothing. */
  readonly message: string;
}

const NOTHING: Said = { rejected: 0, message: '' };
const MESSAGE_LENGTH = 300;
const LONGEST_WAIT_SECONDS = 300;

const rejectedSpans = z.union([z.string(), z.number()]).optional();
const jsonSchema = z.object({
  partialSuccess: z.object({ rejectedSpans, errorMessage: z.string().optional() }).optional(),
  message: z.string().optional(),
});

/**
 * Reads what an answer says. One that cannot be read says nothing: its status tells what became of the request.
 *
 * @param isAccepted whether it is an ExportTraceServiceResponse; else it is a google.rpc.Status
 */
export function readAnswer(body: Buffer, contentType: string | undefined, isAccepted: boolean): Said {
  try {
    const said = contentType?.startsWith('application/json') === true ? readJson(body) : readProtobuf(body, isAccepted);
    return {
      rejected: Number.isSafeInteger(said.rejected) ? Math.max(0, said.rejected) : 0,
      message: line(said.message),
    };
  } catch {
    return NOTHING;
  }
}

/** A text of somebody else, on one line and short. */
function line(text: string): string {
  return cutText(text.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim(), MESSAGE_LENGTH);
}

function readJson(body: Buffer): Said {
  const { partialSuccess, message = '' } = jsonSchema.parse(JSON.parse(body.toString()));
  if (partialSuccess === undefined) return { rejected: 0, message };
  return { rejected: Number(partialSuccess.rejectedSpans ?? 0), message: partialSuccess.errorMessage ?? '' };
}

/**
 * ExportTraceServiceResponse { 1: ExportTracePartialSuccess { 1: int64 rejected_spans, 2: string error_message } },
 * google.rpc.Status { 1: int32 code, 2: string message }
 */
function readProtobuf(body: Buffer, isAccepted: boolean): Said {
  const wire = createWire(body);
  let end = body.length;
  if (isAccepted) {
    if (end === 0 || readTag(wire, end) !== 0x0a) return NOTHING;
    end = enter(wire, end);
  }
  let rejected = 0;
  let message = '';
  while (wire.at < end) {
    const tag = readTag(wire, end);
    if (tag === 0x08) {
      const value = Number(readInt64Text(wire, end));
      if (isAccepted) rejected = value;
    } else if (tag === 0x12) {
      const until = enter(wire, end);
      message = body.toString('utf8', wire.at, until);
      wire.at = until;
    } else skip(wire, tag, end);
  }
  return { rejected, message };
}

/**
 * The seconds that `Retry-After` asks for, as a number or a date; null where it says none.
 * https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function retryAfterOf(headers: IncomingHttpHeaders, nowMs: number): number | null {
  const text = headers['retry-after']?.trim() ?? '';
  const seconds = /^\d+$/.test(text) ? Number(text) : Math.ceil((Date.parse(text) - nowMs) / 1_000);
  return Number.isNaN(seconds) ? null : Math.min(Math.max(1, seconds), LONGEST_WAIT_SECONDS);
}
