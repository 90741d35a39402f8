import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { JSON_LINES } from '../../schemas/answer-line.js';
import { questionFailed, refusalOf } from './refusal.js';

/** Says how far long work has come. @throws Error where nobody waits for it any more */
export type TellProgress = (done: number, of: number) => void;

/** Answers line by line whoever accepts that, and anybody else as ever. What is refused at once has its status. */
export function answeringInLines(
  handler: (request: Request, tell?: TellProgress) => Promise<unknown>,
  log: Logger,
): RequestHandler {
  return (request, response, next) => {
    if (request.accepts('json', JSON_LINES) !== JSON_LINES) {
      handler(request).then((body) => response.json(body), next);
      return;
    }
    const tell: TellProgress = (done, of) => {
      if (response.destroyed) throw new Error('Nobody waits for the answer any more.');
      writeLine(response, { progress: { done, of } });
    };
    handler(request, tell).then(
      (answer) => writeLine(response, { answer }).end(),
      (error: unknown) => {
        if (!response.headersSent) {
          next(error);
          return;
        }
        if (response.destroyed) return;
        const refusal = refusalOf(error);
        if (refusal === null) log.error({ err: error, path: request.path }, questionFailed.logged);
        writeLine(response, { error: { message: refusal?.message ?? questionFailed.told } }).end();
      },
    );
  };
}

function writeLine(response: Response, line: object): Response {
  // Else a proxy may keep the lines until it has all of them.
  if (!response.headersSent) response.set({ 'Content-Type': JSON_LINES, 'X-Accel-Buffering': 'no' });
  response.write(`${JSON.stringify(line)}\n`);
  return response;
}
