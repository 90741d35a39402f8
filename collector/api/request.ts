import type { NextFunction, Request, RequestHandler, Response } from 'express';
import * as z from 'zod';
import type { Scope } from '../../schemas/gate.js';
import { durationUs } from '../store/questions/gate.js';
import type { Window } from '../store/questions/scope.js';

/** A request that cannot be answered, with the status to say so. The message is for a person. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest';
}

const duration = z.string().regex(/^[1-9]\d{0,5}[smhd]$/, { error: 'must be a span of time such as 30m, 12h or 7d' });

const value = z.string().min(1, { error: 'must not be empty; leave it out to ask about all' }).optional();

/** What the gate takes: a scope, and how far back. */
export const gateQuerySchema = z.strictObject({
  tenant: value,
  feature: value,
  policy: value,
  service: value,
  since: duration.optional().describe('How far back, such as `7d`'),
} satisfies Record<keyof Scope | 'since', z.ZodType>);

/** What every other question takes: a scope, and a stretch of time. */
export const questionSchema = gateQuerySchema.extend({
  from: z.iso.datetime().optional().describe('Start, ISO 8601, in place of `since`'),
  to: z.iso.datetime().optional().describe('End, ISO 8601; default: now'),
});
export type QuestionQuery = z.infer<typeof questionSchema>;

/**
 * Reads the query string of a request.
 *
 * @throws BadRequest that names the parameter and says what is wrong with it
 */
export function readQuery<T extends z.ZodType>(schema: T, query: unknown): z.infer<T> {
  const parsed = schema.safeParse(query);
  if (parsed.success) return parsed.data;
  const reasons = parsed.error.issues.map((issue) =>
    issue.code === 'unrecognized_keys'
      ? `Unknown parameter ${issue.keys.map((key) => `'${key}'`).join(', ')}.`
      : `Parameter '${issue.path.join('.')}': ${issue.message}.`,
  );
  throw new BadRequest(reasons.join(' '));
}

/** The window of a question, microseconds since 1970. */
export function windowOf({ since, from, to }: Pick<QuestionQuery, 'since' | 'from' | 'to'>, nowUs: number): Window {
  const toUs = to === undefined ? nowUs : Date.parse(to) * 1000;
  const fromUs = from === undefined ? toUs - durationUs(since ?? '7d') : Date.parse(from) * 1000;
  if (from !== undefined && since !== undefined) throw new BadRequest("Give either 'since' or 'from', not both.");
  if (fromUs >= toUs) throw new BadRequest('The window ends before it begins.');
  return { fromUs, toUs };
}

/** Lets a handler be asynchronous and answer with what it returns. */
export function answering(handler: (request: Request, response: Response) => Promise<unknown>): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    handler(request, response).then((body) => response.json(body), next);
  };
}
