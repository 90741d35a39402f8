import { createHash } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { CompiledContract } from '../../auditor/contract.js';
import type { Door } from '../keys/door.js';
import { hostIn } from '../keys/door.js';
import { NoKey, NotAllowed } from '../keys/errors.js';
import type { Caller } from '../keys/key-ring.js';
import { isBound } from '../keys/key-ring.js';
import { keyIn } from '../keys/secret.js';
import { Aborted, BodyTooLarge, readBody } from '../otlp/body.js';
import { StoreUnavailable } from '../store/errors.js';
import type { Evaluation } from './evaluate.js';
import { ENFORCEMENT_FLAG, evaluate, EvaluationError, readContext } from './evaluate.js';
import type { RolloutMetrics } from './metrics.js';
import type { EffectiveModes } from './modes.js';

export interface OfrepOptions {
  readonly modes: EffectiveModes;
  readonly contract: CompiledContract;
  readonly door: Door;
  readonly metrics: RolloutMetrics;
  readonly log: Logger;
}

const FLAGS = '/ofrep/v1/evaluate/flags';
/** A context has a handful of short values. */
const MAX_BODY_BYTES = 64 * 1024;

/** What is answered to one request; a body that is null is none. */
interface Answer {
  readonly status: number;
  readonly body: object | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Answers OpenFeature's remote evaluation protocol from memory, so that any OpenFeature SDK can ask
 * `waybill.enforcement`. All else is left to `next`. It stands before Express, whose routing takes longer than all of this.
 * https://github.com/open-feature/protocol/blob/main/service/openapi.yaml
 */
export function ofrepBefore(next: RequestListener, options: OfrepOptions): RequestListener {
  return (request, response) => {
    const path = pathOf(request);
    if (path === FLAGS || path.startsWith(`${FLAGS}/`)) void answerTo(request, response, path, options);
    else next(request, response);
  };
}

async function answerTo(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  options: OfrepOptions,
): Promise<void> {
  const key = path === FLAGS ? null : keyOf(path);
  try {
    const answer = request.method === 'POST' ? await answerOf(request, key, options) : NOT_POST;
    send(request, response, answer);
  } catch (error) {
    if (error instanceof Aborted) response.destroy();
    else send(request, response, failureOf(error, key, options.log));
  }
}

const NOT_POST: Answer = {
  status: 405,
  body: { errorDetails: 'Flags are evaluated with POST.' },
  headers: { Allow: 'POST' },
};

/** @param key the flag; null: all there are */
async function answerOf(request: IncomingMessage, key: string | null, options: OfrepOptions): Promise<Answer> {
  const { modes, contract, door, metrics } = options;
  const credentials = { key: keyIn(request.headers), host: hostIn(request.headers.host) };
  // While ClickHouse is away, whoever was let in last must still be told what holds.
  const caller = await door.admit(credentials, 'read', 'OFREP', 'last');
  if (key !== null && key !== ENFORCEMENT_FLAG) {
    throw new EvaluationError('FLAG_NOT_FOUND', `There is no flag '${key}'; there is '${ENFORCEMENT_FLAG}'.`);
  }
  const chunks: Uint8Array[] = [];
  await readBody(request, MAX_BODY_BYTES, () => undefined, { append: (chunk) => chunks.push(chunk) });
  const context = readContext(Buffer.concat(chunks));
  requireTenant(caller, context.tenant);
  const evaluation = evaluate(modes, contract, context);
  metrics.evaluated(evaluation.value);
  return key === null ? bulkOf(request, evaluation) : { status: 200, body: evaluation };
}

/** @throws NotAllowed where a caller is bound to other tenants */
function requireTenant(caller: Caller, tenant: string): void {
  if (!isBound(caller) || caller.tenants.includes(tenant)) return;
  throw new NotAllowed(`Your key may not ask about tenant '${tenant}'.`);
}

function bulkOf(request: IncomingMessage, evaluation: Evaluation): Answer {
  const body = { flags: [evaluation] };
  const tag = `"${createHash('sha256').update(JSON.stringify(body)).digest('base64url').slice(0, 22)}"`;
  const isKnown = tagsIn(request.headers['if-none-match']).includes(tag);
  return { status: isKnown ? 304 : 200, body: isKnown ? null : body, headers: { ETag: tag } };
}

/** The tags that a client has, without the mark of weak ones, as RFC 9110 section 13.1.2 has them compared. */
function tagsIn(header: string | undefined): string[] {
  return (header ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''));
}

function failureOf(error: unknown, key: string | null, log: Logger): Answer {
  const errorDetails = error instanceof Error ? error.message : String(error);
  const named = key === null ? {} : { key };
  if (error instanceof EvaluationError) {
    const status = error.code === 'FLAG_NOT_FOUND' ? 404 : 400;
    return { status, body: { ...named, errorCode: error.code, errorDetails } };
  }
  if (error instanceof BodyTooLarge) {
    return {
      status: 413,
      body: { ...named, errorCode: 'PARSE_ERROR', errorDetails: `The context is too large: ${errorDetails}` },
    };
  }
  if (error instanceof NoKey) return { status: 401, body: { errorDetails }, headers: { 'WWW-Authenticate': 'Bearer' } };
  if (error instanceof NotAllowed) return { status: 403, body: { errorDetails } };
  if (error instanceof StoreUnavailable) {
    return { status: 503, body: { errorDetails }, headers: { 'Retry-After': String(error.retryAfterSeconds) } };
  }
  log.error({ err: error }, 'A flag could not be evaluated');
  return { status: 500, body: { errorDetails: 'The evaluation failed; the log of Waybill says why.' } };
}

function send(request: IncomingMessage, response: ServerResponse, { status, body, headers }: Answer): void {
  if (response.destroyed) return;
  const text = body === null ? null : JSON.stringify(body);
  // Put together step by step: one literal with parts that are left out at times leaves something behind each time that
  // outlives the request, and at thousands a second copying that made the pauses to collect garbage twice as long.
  const head: Record<string, string | number> = {
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  };
  if (text !== null) {
    head['Content-Type'] = 'application/json';
    head['Content-Length'] = Buffer.byteLength(text);
  }
  // What is left of a body that was not read would be taken for the next request.
  if (!request.complete) head['Connection'] = 'close';
  response.writeHead(status, head);
  response.end(text ?? undefined);
  request.resume();
}

function pathOf({ url = '' }: IncomingMessage): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

function keyOf(path: string): string {
  const text = path.slice(FLAGS.length + 1);
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
