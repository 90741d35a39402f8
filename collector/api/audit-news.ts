import type { RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import * as z from 'zod';
import type { Store } from '../store/client.js';
import { StoreUnavailable } from '../store/errors.js';

export interface AuditNewsOptions {
  readonly store: Store;
  readonly log: Logger;
  /** How often to look for new audits while somebody listens. */
  readonly intervalMs?: number;
  /** Connections that are held open at most. */
  readonly mostListeners?: number;
}

/** Tells pages of new audits, as server-sent events. */
export interface AuditNews extends AsyncDisposable {
  readonly stream: RequestHandler;
}

/** So long a listener hears nothing at most: proxies cut what seems dead. */
const SIGN_OF_LIFE_MS = 15_000;

/**
 * Starts to tell of new audits. The store is asked once an interval however many listen, and not at all where nobody
 * does.
 */
export function startAuditNews({ store, log, intervalMs = 2_000, mostListeners = 100 }: AuditNewsOptions): AuditNews {
  const listeners = new Set<Response>();
  let newest: Newest | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let saidMs = 0;
  let looking = Promise.resolve();
  let hasEnded = false;

  const say = (text: string): void => {
    saidMs = Date.now();
    for (const listener of listeners) listener.write(text);
  };

  async function look(): Promise<void> {
    try {
      const found = await newestAudit(store, newest ?? { auditedUs: '0', audits: 0 });
      // What is found first was there when the first listener came, whose page has asked for it by itself.
      if (newest !== null && isNewer(found, newest)) say(`event: audited\ndata: ${found.auditedUs}\n\n`);
      newest = found;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) log.error({ err: error }, 'Could not look for new audits');
    }
    if (Date.now() - saidMs >= SIGN_OF_LIFE_MS) say(': still here\n\n');
  }

  const lookIn = (delayMs: number): void => {
    timer = setTimeout(() => {
      looking = look().then(() => {
        timer = null;
        if (listeners.size > 0 && !hasEnded) lookIn(intervalMs);
        // What comes while nobody listens is no news to who comes later.
        else newest = null;
      });
    }, delayMs);
  };

  return {
    stream: (_request, response) => {
      if (hasEnded || listeners.size >= mostListeners) {
        response
          .status(503)
          .set('Retry-After', '60')
          .json({
            error: {
              message: `${listeners.size} pages are told of new audits already. Load the page again to see them.`,
            },
          });
        return;
      }
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
      response.write('retry: 3000\n\n');
      listeners.add(response);
      response.once('close', () => listeners.delete(response));
      if (timer === null) lookIn(0);
    },
    [Symbol.asyncDispose]: () => {
      hasEnded = true;
      if (timer !== null) clearTimeout(timer);
      for (const listener of listeners) listener.end();
      listeners.clear();
      return looking;
    },
  };
}

/** The time of the newest audit, and how many were written in the minute before: several may share a time. */
interface Newest {
  readonly auditedUs: string;
  readonly audits: number;
}

/** Fewer audits about the same time are no news: ClickHouse has merged them. */
function isNewer(found: Newest, known: Newest): boolean {
  return found.auditedUs !== known.auditedUs || found.audits > known.audits;
}

const newestSchema = z.tuple([z.object({ auditedUs: z.string(), audits: z.coerce.number() })]);

/**
 * Looks for the newest audit from the newest known on, and counts back a minute: an audit may show some time after its
 * own timestamp. The index over `audited_at` keeps that to the last parts.
 */
async function newestAudit(store: Store, known: Newest): Promise<Newest> {
  const [found] = newestSchema.parse(
    await store.rows(
      `
    WITH
    (
        SELECT max(audited_at)
        FROM audits
        WHERE audited_at >= fromUnixTimestamp64Micro({knownUs: Int64}, 'UTC')
    ) AS newest
    SELECT toString(toUnixTimestamp64Micro(newest)) AS auditedUs, count() AS audits
    FROM audits
    WHERE audited_at >= newest - INTERVAL 1 MINUTE`,
      { knownUs: known.auditedUs },
    ),
  );
  return found;
}
