import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDoor } from '../../../collector/keys/door.js';
import { createKeyRing } from '../../../collector/keys/key-ring.js';
import { createKey, revokeKey } from '../../../collector/keys/manage.js';
import { createUsage } from '../../../collector/keys/usage.js';
import { readAuditLog } from '../../../collector/keys/audit-log.js';
import type { TestApi } from '../../support/api.js';
import { startTestApi } from '../../support/api.js';
import { seriousIssues, startBrowser } from '../../support/browser.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';

const NOW_US = 1_793_620_800_000_000;

let test: TestStore;
let api: TestApi;
let keyless: TestApi;
let reader: { id: string; key: string };
let sender: { key: string };
let nowMs = 0;

beforeAll(async () => {
  test = await startTestStore();
  keyless = await startTestApi(test.store, contract(), () => NOW_US);
  const all = { tenants: ['*'], services: ['*'] };
  reader = await createKey(test.store, { name: 'ann', role: 'read', ...all }, NOW_US);
  sender = await createKey(test.store, { name: 'web', role: 'ingest', ...all }, NOW_US);
  api = await start();
});
afterAll(async () => {
  for (const one of [api, keyless, test]) await one[Symbol.asyncDispose]();
});

/** An API of its own, with its own sessions and its own count of tries. */
function start(): Promise<TestApi> {
  const usage = createUsage(test.store, () => NOW_US, pino({ level: 'silent' }));
  const door = createDoor(
    createKeyRing(test.store, () => nowMs),
    usage,
  );
  return startTestApi(test.store, contract(), () => NOW_US, { door, usage });
}

type Headers = Record<string, string>;

function ask(path: string, headers: Headers = {}, at = api): Promise<Response> {
  return fetch(`${at.url}${path}`, { redirect: 'manual', headers });
}

function post(path: string, body: string, headers: Headers, at = api): Promise<Response> {
  const type = { 'content-type': 'application/x-www-form-urlencoded' };
  return fetch(`${at.url}${path}`, { method: 'POST', redirect: 'manual', headers: { ...type, ...headers }, body });
}

const ours = (at = api): Headers => ({ origin: at.url });
const logIn = (key: string, at = api, headers = ours(at)) => post('/login', `key=${key}`, headers, at);

async function session(): Promise<Headers> {
  const answer = await logIn(reader.key);
  expect(answer.status).toBe(303);
  return { cookie: answer.headers.get('set-cookie')?.split(';', 1)[0] ?? '' };
}

describe('the page of a Waybill with keys', () => {
  it('sends those who have not logged in to a page without any script', async () => {
    const sent = await ask('/');
    expect([sent.status, sent.headers.get('location')]).toEqual([302, '/login']);
    const page = await ask('/login');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const html = await page.text();
    expect(html).not.toMatch(/<script|<style|style=|javascript:| on\w+=/);
    expect((await ask('/login.css')).headers.get('content-type')).toContain('text/css');
  });

  it('gives a cookie that scripts and other sites do not get, for which questions are answered', async () => {
    const answer = await logIn(reader.key);
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(
      /^waybill_session=[\w-]{43}; Max-Age=43200; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Strict$/,
    );
    expect(cookie).not.toContain(reader.key.slice(-43));
    const proxied = await logIn(reader.key, api, { ...ours(), 'x-forwarded-proto': 'https' });
    expect(proxied.headers.get('set-cookie')).toContain('; Secure');
    const own = { cookie: cookie.split(';', 1)[0] ?? '' };
    expect((await ask('/', own)).status).toBe(200);
    expect((await ask('/v1/score', own)).status).toBe(200);
    expect(await (await ask('/v1/account', own)).json()).toMatchObject({ key: reader.id, role: 'read' });
    expect((await ask('/v1/audit-log', own)).status).toBe(403);
    expect(await (await ask('/login', own)).text()).toContain(reader.id);
  });

  it('lets in nobody with a wrong key, or with one that may not read', async () => {
    for (const key of ['', 'x', reader.key.slice(0, -1), sender.key]) {
      const answer = await logIn(key);
      expect(answer.status, key).toBe(401);
      expect(answer.headers.get('set-cookie')).toBeNull();
      expect(await answer.text()).toContain('role="alert"');
    }
    for (const token of ['', 'x', 'A'.repeat(43)]) {
      expect((await ask('/v1/score', { cookie: `waybill_session=${token}` })).status).toBe(401);
    }
  });

  it('lets no page elsewhere log anyone in or out, or use a session', async () => {
    for (const headers of [
      {},
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { ...ours(), 'sec-fetch-site': 'cross-site' },
      { ...ours(), 'sec-fetch-site': 'same-site' },
    ]) {
      expect((await logIn(reader.key, api, headers)).status).toBe(403);
    }
    const own = await session();
    expect((await post('/logout', '', { ...own, origin: 'https://evil.example' })).status).toBe(403);
    expect((await ask('/v1/gate', { ...own, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await ask('/v1/gate', { ...own, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
  });

  it('changes something for a session only where the page says so in a header', async () => {
    const own = await session();
    const send = async (headers: Headers) => (await post('/v1/payloads/litellm', '{}', { ...own, ...headers })).status;
    const reason = async (headers: Headers) =>
      (await post('/v1/payloads/litellm', '{}', { ...own, ...headers })).text();
    expect(await send(ours())).toBe(403);
    expect(await reason(ours())).toContain('x-waybill-request');
    expect(await reason({ 'x-waybill-request': '1' })).toContain('x-waybill-request');
    // A reader may not send, but it is asked for its role only now.
    expect(await reason({ ...ours(), 'x-waybill-request': '1' })).toContain("role 'ingest'");
  });

  it('ends a session when it is logged out, and when its key is revoked', async () => {
    const own = await session();
    expect((await post('/logout', '', { ...own, ...ours() })).status).toBe(303);
    expect((await ask('/v1/score', own)).status).toBe(401);
    const brief = await createKey(test.store, { name: 'brief', role: 'read', tenants: ['*'], services: ['*'] }, NOW_US);
    nowMs += 2_000;
    const answer = await logIn(brief.key);
    const theirs = { cookie: answer.headers.get('set-cookie')?.split(';', 1)[0] ?? '' };
    expect((await ask('/v1/score', theirs)).status).toBe(200);
    await revokeKey(test.store, brief.id, NOW_US + 1);
    nowMs += 2_000;
    expect((await ask('/v1/score', theirs)).status).toBe(401);
    expect((await ask('/', theirs)).status).toBe(302);
  });

  it('lets nobody try keys for long', async () => {
    await using other = await start();
    for (let i = 0; i < 10; i += 1) expect((await logIn('wrong', other)).status).toBe(401);
    expect((await logIn(reader.key, other)).status).toBe(429);
  });

  it('writes logins down, and never the key', async () => {
    await session();
    await expect
      .poll(async () => (await readAuditLog(test.store, 100)).map(({ actor, action }) => `${actor} ${action}`))
      .toEqual(expect.arrayContaining([`${reader.id} logged-in`, `${reader.id} logged-out`, 'unknown login-refused']));
    expect(JSON.stringify(await readAuditLog(test.store, 100))).not.toContain(reader.key.slice(-43));
  });
});

it('a person logs in with a real browser, sees the report, and logs out', async () => {
  const browser = await startBrowser();
  try {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    await page.goto(`${api.url}/`);
    expect(new URL(page.url()).pathname).toBe('/login');
    expect(await seriousIssues(page)).toEqual([]);
    await page.getByLabel('Key').fill(reader.key);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { name: 'Is attribution good enough' }).waitFor();
    expect(await page.evaluate('document.cookie')).toBe('');
    expect(await seriousIssues(page)).toEqual([]);
    await page.getByRole('link', { name: 'Log out' }).click();
    await page.getByText(reader.id).waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('Key').waitFor();
    await page.goto(`${api.url}/`);
    expect(new URL(page.url()).pathname).toBe('/login');
    expect(complaints).toEqual([]);
  } finally {
    await browser.close();
  }
});

it('the page of a Waybill without keys is open, as far as this machine goes', async () => {
  expect((await ask('/', {}, keyless)).status).toBe(200);
  expect(await (await ask('/v1/account', {}, keyless)).json()).toEqual({ key: null, role: 'admin', tenants: ['*'] });
  const sent = await ask('/login', {}, keyless);
  expect([sent.status, sent.headers.get('location')]).toEqual([302, '/']);
});

it('every answer has the headers that keep a browser from harm', async () => {
  for (const path of ['/healthz', '/login', '/v1/score', '/nothing']) {
    const { headers } = await ask(path);
    expect(headers.get('content-security-policy'), path).toContain("default-src 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('SAMEORIGIN');
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('access-control-allow-origin')).toBeNull();
  }
});
