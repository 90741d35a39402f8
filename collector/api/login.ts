import type { Request, RequestHandler, Response } from 'express';
import express from 'express';
import { rateLimit } from 'express-rate-limit';
import type { Door } from '../keys/door.js';
import { hostIn } from '../keys/door.js';
import { NoKey, NotAllowed } from '../keys/errors.js';
import type { Caller } from '../keys/key-ring.js';
import type { Usage } from '../keys/usage.js';
import { StoreUnavailable } from '../store/errors.js';
import { accountPage, loginPage, loginStyle } from './login-page.js';
import type { Sessions } from './sessions.js';
import { isFromOurPage } from './sessions.js';

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const TRIES = 10;
const TRIES_WITHIN_MS = 5 * 60_000;

/** Lets people in by a page: who shows a key there gets a session. It runs no script. */
export function login(door: Door, sessions: Sessions, usage: Usage | undefined): express.Router {
  const routes = express.Router();

  async function callerOf(request: Request): Promise<Caller | null> {
    const keyId = sessions.keyIdOf(request);
    if (keyId === null) return null;
    const host = hostIn(request.headers.host);
    return door.admit({ key: null, keyId, host }, 'read', 'the page').catch(nobody);
  }

  const toLogin: RequestHandler = async (request, response, next) => {
    try {
      if (!(await door.isLocked()) || (await callerOf(request)) !== null) next();
      else response.redirect(302, '/login');
    } catch (error) {
      // The page itself holds no secret, and can say that the store is away.
      next(error instanceof StoreUnavailable ? undefined : error);
    }
  };
  routes.get(['/', '/index.html'], toLogin);

  routes.get('/login.css', (_request, response) => {
    response.type('css').send(loginStyle);
  });
  routes.get('/login', async (request, response) => {
    if (!(await door.isLocked())) response.redirect(302, '/');
    else {
      const caller = await callerOf(request);
      show(response, 200, caller === null ? loginPage('') : accountPage(caller));
    }
  });

  const tries = rateLimit({
    windowMs: TRIES_WITHIN_MS,
    limit: TRIES,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    // Addresses that a proxy claims are not believed: behind one, all who try share the limit.
    validate: false,
    skipSuccessfulRequests: true,
    handler: (_request, response) => show(response, 429, loginPage('Too many tries. Wait five minutes.')),
  });
  const form = express.urlencoded({ extended: false, limit: '4kb', parameterLimit: 8 });
  routes.post('/login', tries, onlyOurs, form, async (request, response) => {
    const body: unknown = request.body;
    const key = typeof body === 'object' && body !== null && 'key' in body ? String(body.key).trim() : '';
    try {
      const { id } = await door.admit({ key, host: hostIn(request.headers.host) }, 'read', 'a login');
      sessions.begin(request, response, id);
      usage?.note(id, 'logged-in', 'the page');
      response.redirect(303, '/');
    } catch (error) {
      if (!(error instanceof NoKey || error instanceof NotAllowed)) throw error;
      usage?.noteOften('unknown', 'login-refused', 'the page');
      show(response, 401, loginPage(error.message));
    }
  });
  routes.post('/logout', onlyOurs, (request, response) => {
    const keyId = sessions.keyIdOf(request);
    sessions.end(request, response);
    if (keyId !== null) usage?.note(keyId, 'logged-out', 'the page');
    response.redirect(303, '/login');
  });
  return routes;
}

/** A page elsewhere must not log anyone in or out. */
const onlyOurs: RequestHandler = (request, _response, next) => {
  if (isFromOurPage(request)) next();
  else next(new NotAllowed('This is for the page of Waybill itself. Programs show their key with each request.'));
};

function show(response: Response, status: number, html: string): void {
  response
    .status(status)
    // With `no-referrer` the browser would not say that the form was ours.
    .set({ 'Content-Security-Policy': CONTENT_SECURITY_POLICY, 'Referrer-Policy': 'same-origin' })
    .type('html')
    .send(html);
}

function nobody(error: unknown): null {
  if (error instanceof NoKey || error instanceof NotAllowed) return null;
  throw error;
}
