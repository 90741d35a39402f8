import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { JSON_LINES } from '../../schemas/answer-line.js';
import { questionFailed, refusalOf } from './refusal.js';
import { answering } from './request.js';

/** Says how far long work has come. @throws Error where nobody waits for it any more */
export type TellProgress = (done: number, of: number) => void;

/** Answers line by line whoever accepts that, and anybody else as ever. What is refused at once has its status. */
export function answeringInLines(
  handler: (request: Request, tell?: TellProgress) => Promise<unknown>,
  log: Logger,
): RequestHandler {
  const inLines = async (request: Request, response: Response): Promise<void> => {
    try {
      const answer = await handler(request, (done, of) => {
        if (response.destroyed) throw new Error('Nobody waits for the answer any more.');
        writeLine(response, { progress: { done, of } });
      });
      writeLine(response, { answer }).end();
    } catch (error) {
      if (!response.headersSent) throw error;
      if (response.destroyed) return;
      const refusal = refusalOf(error);
      if (refusal === null) log.error({ err: error, path: request.path }, questionFailed.logged);
      writeLine(response, { error: { message: refusal?.message ?? questionFailed.told } }).end();
    }
  };
  const whole = answering((request) => handler(request));
  return (request, response, next) => {
    if (request.accepts('json', JSON_LINES) === JSON_LINES) inLines(request, response).then(undefined, next);
    else whole(request, response, next);
  };
}

function writeLine(response: Response, line: object): Response {
  // Else a proxy may keep the lines until it has all of them.
  if (!response.headersSent) response.set({ 'Content-Type': JSON_LINES, 'X-Accel-Buffering': 'no' });
  response.write(`${JSON.stringify(line)}\n`);
  return response;
}
