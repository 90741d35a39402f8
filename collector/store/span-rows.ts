import type { Span } from '../../schemas/span.js';
import { putUint64 } from './put-bytes.js';
import { dayOf, readSpans } from './spans.js';

/** Spans as rows of `spans`, whole but for the time of their arrival and the day that depends on it. */
export interface SpanRows {
  readonly bytes: Uint8Array;
  /** Where each row starts. */
  readonly starts: readonly number[];
  /** The spans again as objects, read back from the rows: for whoever has no database to ask. */
  readonly spans: Span[];
  /** Gives up the memory in which the rows stand: nobody may look at them afterwards. */
  readonly release: () => void;
}

/** Rows begin with `received_at`, `day` and `start_time`, of 8, 2 and 8 bytes: see `spanColumns`. */
const DAY_AT = 8;
const START_AT = 10;

/**
 * Rows of which each starts where `starts` says.
 *
 * @param release takes back the memory, once; none: it is left to the garbage collector
 */
export function spanRows(
  bytes: Uint8Array,
  starts: readonly number[],
  release: (bytes: Uint8Array) => void = () => {},
): SpanRows {
  let isReleased = false;
  return {
    bytes,
    starts,
    get spans() {
      if (isReleased) throw new Error('These rows were released.');
      return readSpans(bytes).map(({ span }) => span);
    },
    release: () => {
      if (!isReleased) release(bytes);
      isReleased = true;
    },
  };
}

/** Puts the time of arrival into rows, microseconds since 1970, and the day under which it has each filed. */
export function stampRows({ bytes, starts }: SpanRows, receivedAtUs: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const at of starts) {
    const startUs = view.getUint32(at + START_AT + 4, true) * 0x1_0000_0000 + view.getUint32(at + START_AT, true);
    putUint64(view, at, receivedAtUs);
    view.setUint16(at + DAY_AT, dayOf(startUs, receivedAtUs), true);
  }
}
