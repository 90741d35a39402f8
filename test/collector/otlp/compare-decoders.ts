import { strict as assert } from 'node:assert';
import { MalformedRequest } from '../../../collector/otlp/errors.js';
import { decodeProtobuf } from '../../../collector/otlp/protobuf.js';
import type { SpanReader } from '../../../collector/otlp/span-reader.js';
import { comparable, decodeSlowly } from './slow-decoder.js';

/** What protobufjs refuses though a reader may take it: numbers padded with zeros, or more bits than a field has. */
const THEIRS_IS_STRICTER = /invalid (tag|length|varint) encoding|index out of range/;
/** What we refuse though protobufjs takes it: see the message. */
const OURS_IS_STRICTER = /over ten bytes|no field number|nested over/;

/** How the two decoders may agree; `ambiguous`: a value says several things at once, and either may be taken. */
export type Agreement = 'same' | 'refused' | 'stricter' | 'ambiguous';

/** Whether a request is too small for the limits that the slow decoder does not have: it keeps long texts and floods whole. */
export function isComparable(body: Buffer): boolean {
  return body.length < 900;
}

/**
 * Decodes a request fast and slowly.
 *
 * @throws AssertionError where the spans differ, or one refuses what the other takes without a reason that is known
 */
export function compareDecoders(body: Buffer, reader: SpanReader): Agreement {
  const ours = attempt(() => decodeProtobuf(body, reader).spans.map(comparable));
  const theirs = attempt(() => decodeSlowly(body));
  if (ours.error !== null) assert.ok(ours.error instanceof MalformedRequest, ours.error);
  if (theirs.error?.message.startsWith('ambiguous') === true) return 'ambiguous';
  if (ours.error === null && theirs.error === null) {
    assert.deepEqual(ours.spans, theirs.spans);
    return 'same';
  }
  if (ours.error !== null && theirs.error !== null) return 'refused';
  if (ours.error === null) assert.match(theirs.error?.message ?? '', THEIRS_IS_STRICTER);
  else assert.match(ours.error.message, OURS_IS_STRICTER);
  return 'stricter';
}

function attempt<T>(decode: () => T): { spans: T | null; error: Error | null } {
  try {
    return { spans: decode(), error: null };
  } catch (error) {
    return { spans: null, error: error instanceof Error ? error : new Error(String(error)) };
  }
}
