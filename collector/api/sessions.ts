import { createHash, randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';

/** Browsers that have shown a key, and need not show it again. They end with this process. */
export interface Sessions {
  /** Begins one, and hands its token to the browser. */
  readonly begin: (request: Request, response: Response, keyId: string) => void;
  /** The id of the key behind a request; null where it has no session. */
  readonly keyIdOf: (request: Request) => string | null;
  readonly end: (request: Request, response: Response) => void;
}

const COOKIE = 'waybill_session';
const TOKEN = /(?:^|;\s*)waybill_session=([A-Za-z0-9_-]{43})(?:;|$)/;
const LIFE_MS = 12 * 3_600_000;
/** Past that, who logged in first is logged out. */
const MOST_SESSIONS = 1_000;

/** @param clockMs the present, milliseconds */
export function createSessions(clockMs: () => number = Date.now): Sessions {
  // By hash, so that the memory of the process holds no token that is good.
  const sessions = new Map<string, { readonly keyId: string; readonly endsMs: number }>();

  function forgetOld(): void {
    const nowMs = clockMs();
    for (const [hash, { endsMs }] of sessions) {
      if (endsMs > nowMs && sessions.size <= MOST_SESSIONS) break;
      sessions.delete(hash);
    }
  }

  return {
    begin: (request, response, keyId) => {
      const token = randomBytes(32).toString('base64url');
      sessions.set(hashOf(token), { keyId, endsMs: clockMs() + LIFE_MS });
      forgetOld();
      response.cookie(COOKIE, token, { ...cookieFlags(request), maxAge: LIFE_MS });
    },
    keyIdOf: (request) => {
      const session = sessions.get(hashIn(request) ?? '');
      return session === undefined || session.endsMs <= clockMs() ? null : session.keyId;
    },
    end: (request, response) => {
      sessions.delete(hashIn(request) ?? '');
      response.clearCookie(COOKIE, cookieFlags(request));
    },
  };
}

function hashIn(request: Request): string | null {
  const token = TOKEN.exec(request.headers.cookie ?? '')?.[1];
  return token === undefined ? null : hashOf(token);
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function cookieFlags(request: Request) {
  // Who lies about its proxy only harms its own cookie.
  const isSecure = request.secure || request.get('x-forwarded-proto') === 'https';
  return { httpOnly: true, sameSite: 'strict', secure: isSecure, path: '/' } as const;
}

/** Whether a request comes from a page of ours, as far as the browser tells. */
export function isFromOurPage(request: Request): boolean {
  const site = request.get('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin';
  const origin = request.get('origin');
  if (origin === undefined || !URL.canParse(origin)) return false;
  return new URL(origin).host === request.headers.host;
}

/** Whether another site may have made the browser send a request. */
export function isFromElsewhere(request: Request): boolean {
  const site = request.get('sec-fetch-site');
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}
