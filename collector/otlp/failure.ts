import { NotForwarded } from '../forward/not-forwarded.js';
import { NoKey, NotAllowed } from '../keys/errors.js';
import { StoreUnavailable } from '../store/errors.js';
import type { Refusal } from '../watch/metrics.js';
import { BodyTooLarge } from './body.js';
import { OverBudget } from './byte-budget.js';
import { MalformedRequest, TooManySpans } from './errors.js';
import type { RpcCode } from './response.js';

/** How a request that failed is answered, over either transport. */
export interface Failure {
  readonly refusal: Refusal;
  readonly status: number;
  readonly code: RpcCode;
  readonly message: string;
  /** After how many seconds to send it again; null: never. */
  readonly retryAfterSeconds: number | null;
}

/** As `google.rpc.Code` has them. */
const NOT_FORWARDED_CODES = { 400: 3, 413: 8, 429: 8, 500: 13, 503: 14, 508: 13 } as const;

/** Which errors may be sent again is told by their types: 400, 401, 403 and 413 never, 429 and 503 later. */
export function failureOf(error: unknown): Failure {
  const never = { retryAfterSeconds: null };
  if (error instanceof MalformedRequest) {
    return { refusal: 'malformed', status: 400, code: 3, message: error.message, ...never };
  }
  if (error instanceof BodyTooLarge || error instanceof TooManySpans) {
    return { refusal: 'too-large', status: 413, code: 8, message: error.message, ...never };
  }
  if (error instanceof NoKey) {
    return { refusal: 'no-key', status: 401, code: 16, message: error.message, ...never };
  }
  if (error instanceof NotAllowed) {
    return { refusal: 'not-allowed', status: 403, code: 7, message: error.message, ...never };
  }
  if (error instanceof OverBudget) {
    return { refusal: 'over-budget', status: 429, code: 8, message: error.message, retryAfterSeconds: 1 };
  }
  if (error instanceof StoreUnavailable) {
    const { message, retryAfterSeconds } = error;
    return { refusal: 'store-away', status: 503, code: 14, message, retryAfterSeconds };
  }
  if (error instanceof NotForwarded) {
    const { status, message, retryAfterSeconds } = error;
    return { refusal: 'not-forwarded', status, code: NOT_FORWARDED_CODES[status], message, retryAfterSeconds };
  }
  const message = 'The request could not be stored; the log of Waybill says why.';
  return { refusal: 'internal', status: 500, code: 13, message, ...never };
}
