import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDoor } from '../../../collector/keys/door.js';
import { createKeyRing } from '../../../collector/keys/key-ring.js';
import { createKey } from '../../../collector/keys/manage.js';
import { createUsage } from '../../../collector/keys/usage.js';
import type { Role } from '../../../schemas/key.js';
import type { TestApi } from '../../support/api.js';
import { startTestApi } from '../../support/api.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';

const NOW_US = 1_793_620_800_000_000;

/** What shows nothing of anyone, or is the way in. */
const OPEN = [
  'get /healthz',
  'get /readyz',
  'get /',
  'get /index.html',
  'get /login.css',
  'get /login',
  'post /login',
  'post /logout',
];
/** What a reader may ask who is bound to a tenant: whoever adds a route has to decide. */
const FOR_BOUND_READERS = [
  'get /v1/events',
  'get /v1/score',
  'get /v1/series',
  'get /v1/gaps',
  'get /v1/spend',
  'get /v1/hops',
  'get /v1/routes',
  'get /v1/calls',
  'get /v1/rules',
  'get /v1/account',
  'get /v1/traces/:id',
];

const METHODS = ['get', 'post', 'put', 'delete'];

/** What Express keeps of a route, or of more routes under a path. */
interface Layer {
  readonly rawPath?: string;
  readonly route?: { readonly path: string | readonly string[]; readonly methods: Readonly<Record<string, boolean>> };
  readonly handle: { readonly stack?: readonly Layer[] };
}

function routesIn(stack: readonly Layer[], under = ''): string[] {
  return stack.flatMap(({ rawPath, route, handle }) => {
    if (route === undefined)
      return handle.stack === undefined ? [] : routesIn(handle.stack, under + (rawPath === '/' ? '' : rawPath));
    const methods = METHODS.filter((method) => route.methods[method] === true);
    return [route.path].flat().flatMap((path) => methods.map((method) => `${method} ${under}${path}`));
  });
}

let test: TestStore;
let api: TestApi;
let routes: readonly string[];
let keys: Record<'send' | 'read' | 'sendAcme' | 'readAcme', string>;
beforeAll(async () => {
  test = await startTestStore();
  const clockUs = (): number => NOW_US;
  const usage = createUsage(test.store, clockUs, pino({ level: 'silent' }));
  api = await startTestApi(test.store, contract(), clockUs, { door: createDoor(createKeyRing(test.store), usage) });
  keys = {
    send: await makeKey('ingest'),
    read: await makeKey('read'),
    sendAcme: await makeKey('ingest', ['acme']),
    readAcme: await makeKey('read', ['acme']),
  };
  const stack: unknown = Reflect.get(api.app.router, 'stack');
  if (!isStack(stack)) throw new Error('Express keeps its routes elsewhere.');
  routes = routesIn(stack);
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await test[Symbol.asyncDispose]();
});

function isStack(value: unknown): value is readonly Layer[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'object' && 'handle' in one);
}

async function makeKey(role: Role, tenants: readonly string[] = ['*']): Promise<string> {
  return (await createKey(test.store, { name: role, role, tenants, services: ['*'] }, NOW_US)).key;
}

async function status(route: string, key: string | null): Promise<number> {
  const [method = '', path = ''] = route.split(' ');
  const url = `${api.url}${path.replace(':gateway', 'litellm').replace(':id', 'a'.repeat(32)).replace('{/*path}', '/v1')}`;
  const over = new AbortController();
  const answer = await fetch(url, {
    method,
    redirect: 'manual',
    signal: over.signal,
    headers: key === null ? {} : { authorization: `Bearer ${key}` },
  });
  over.abort();
  return answer.status;
}

async function thoseThat(key: string | null, isMeant: (status: number) => boolean): Promise<string[]> {
  const found: string[] = [];
  for (const route of routes) if (!OPEN.includes(route) && isMeant(await status(route, key))) found.push(route);
  return found;
}

const isRefused = (one: number): boolean => one === 401 || one === 403;
const isOpen = (one: number): boolean => !isRefused(one);

it('lets nobody in without a key, but to what shows nothing', async () => {
  expect(routes.length).toBeGreaterThan(30);
  expect(routes).toEqual(expect.arrayContaining(OPEN));
  expect(await thoseThat(null, (one) => one !== 401)).toEqual([]);
  expect(await thoseThat(`waybill_000000000000_${'a'.repeat(43)}`, (one) => one !== 401)).toEqual([]);
});

it('lets no key do both, send and read', async () => {
  const [sent, asked] = [await thoseThat(keys.send, isOpen), await thoseThat(keys.read, isOpen)];
  expect(sent.filter((route) => asked.includes(route))).toEqual([]);
  expect(sent.length + asked.length).toBeGreaterThan(25);
});

it('lets those who are bound to a tenant do what was decided, and nothing else', async () => {
  expect(await thoseThat(keys.readAcme, isOpen)).toEqual(FOR_BOUND_READERS);
  // Of decisions they have to say for whom: these were asked for nobody.
  expect(await thoseThat(keys.sendAcme, isOpen)).toEqual([]);
});
