import type { AuditedAttribute } from '../../schemas/contract.js';
import type { Span } from '../../schemas/span.js';
import type { SpanRows } from '../store/span-rows.js';

/** The spans of a request, and how many of them were unusable. */
export interface DecodedRequest {
  readonly rows: SpanRows;
  /** The same spans as objects: see `SpanRows`. */
  readonly spans: Span[];
  readonly rejected: number;
  /** Why the first of them was; empty where none was. */
  readonly rejectedReason: string;
  readonly lacking: readonly LackingCalls[];
}

/** Call spans of one service that lack attributes which the contract requires. */
export interface LackingCalls {
  readonly service: string;
  readonly calls: number;
  /** The attributes that any of them lacks. */
  readonly names: readonly AuditedAttribute[];
}

export function decodedRequest(
  rows: SpanRows,
  rejected: number,
  rejectedReason: string,
  lacking: readonly LackingCalls[],
): DecodedRequest {
  return {
    rows,
    get spans() {
      return rows.spans;
    },
    rejected,
    rejectedReason,
    lacking,
  };
}
