import { NoKey, NotAllowed } from '../keys/errors.js';
import { StoreUnavailable } from '../store/errors.js';
import { BadRequest } from './request.js';

/** What somebody is told whose question failed. */
export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly message: string;
}

/** What is said where nobody but us can tell why. */
export const questionFailed = {
  logged: 'A question failed',
  told: 'The question failed; the log of Waybill says why.',
} as const;

/** @returns null: it is nothing that who asks has done, or can wait for */
export function refusalOf(error: unknown): Refusal | null {
  if (error instanceof NoKey) return refusal(401, error.message, { 'WWW-Authenticate': 'Bearer' });
  if (error instanceof NotAllowed) return refusal(403, error.message);
  if (error instanceof BadRequest) return refusal(400, error.message);
  if (isRefusedBody(error)) return refusal(error.status, `The request cannot be read: ${error.message}.`);
  if (error instanceof URIError) return refusal(400, 'The path is not valid percent-encoding.');
  if (error instanceof StoreUnavailable) {
    const { message, retryAfterSeconds } = error;
    return refusal(503, `${message} Ask again in ${retryAfterSeconds} s.`, {
      'Retry-After': String(retryAfterSeconds),
    });
  }
  return null;
}

function refusal(status: number, message: string, headers: Refusal['headers'] = {}): Refusal {
  return { status, headers, message };
}

/** What express says of a body: too large, wrongly packed, broken off. */
function isRefusedBody(error: unknown): error is Error & { readonly status: number } {
  return (
    error instanceof Error &&
    'status' in error &&
    typeof error.status === 'number' &&
    error.status >= 400 &&
    error.status < 500
  );
}
