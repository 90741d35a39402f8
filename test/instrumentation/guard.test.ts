import { once } from 'node:events';
import { createServer } from 'node:http';
import { trace } from '@opentelemetry/api';
import express from 'express';
import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { attribution, guard } from '../../instrumentation/express.js';
import type { BudgetDecision, GuardOptions } from '../../instrumentation/index.js';
import { decideBudget, guardedFetch, withAttribution } from '../../instrumentation/index.js';
import type { EnforcedApi } from '../support/enforced-api.js';
import { startEnforcedApi } from '../support/enforced-api.js';
import { freePort, portOf } from '../support/free-port.js';
import type { Otel } from '../support/otel.js';
import { startOtel } from '../support/otel.js';

let enforced: EnforcedApi;
let url: string;
let otel: Otel;

/** The machine of the tests may be slower than what applications wait for. */
const timeoutMs = 10_000;

beforeAll(async () => {
  enforced = await startEnforcedApi();
  ({ url } = enforced.api);
  otel = startOtel();
});
afterAll(async () => {
  await otel.stop();
  await enforced[Symbol.asyncDispose]();
});
afterEach(() => otel.clear());

/** A model that counts its calls, or a Waybill that never answers. */
async function startServer(answer: object | null) {
  const got = { requests: 0 };
  const server = createServer((request, response) => {
    got.requests += 1;
    request.resume();
    if (answer !== null) response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    got,
    url: `http://127.0.0.1:${portOf(server)}`,
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const completion = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'gpt-4o',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
};

describe('guardedFetch', () => {
  it('asks by the active attribution before each call, and stamps the reservation on its span', async () => {
    using model = await startServer(completion);
    const decisions: BudgetDecision[] = [];
    const fetch = guardedFetch({
      url,
      timeoutMs,
      estimate: (_input, init) => (typeof init?.body === 'string' && init.body.includes('gpt-4o') ? '0.25' : undefined),
      onDecision: (one) => decisions.push(one),
    });
    const openai = new OpenAI({ apiKey: 'sk-test', baseURL: model.url, fetch });
    const ask = () => openai.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'hi' }] });
    await withAttribution({ tenant: 'acme', feature: 'chat' }, () =>
      trace.getTracer('test').startActiveSpan('chat', async (span) => {
        await ask();
        span.end();
      }),
    );
    expect(model.got.requests).toBe(1);
    expect(decisions).toMatchObject([{ decision: 'allow', remainingUsd: '9.350000000000', answered: true }]);
    expect(otel.spans().map(({ attributes }) => attributes['waybill.reservation.id'])).toEqual([
      decisions[0]?.reservationId,
    ]);
    // Not made, and not tried again, since nothing will be different then.
    const denied = withAttribution({ tenant: 'globex' }, ask);
    await expect(denied).rejects.toMatchObject({ status: 403, code: 'budget_exceeded' });
    expect(model.got.requests).toBe(1);
    expect(decisions).toHaveLength(2);
  });
});

describe('where Waybill does not answer', () => {
  const ask = (options: Partial<GuardOptions>): Promise<BudgetDecision> =>
    withAttribution({ tenant: 'globex' }, () => decideBudget({ url, ...options }));

  it('a call is made after the time-out, or not, as was asked for', async () => {
    using silent = await startServer(null);
    const startedMs = performance.now();
    expect(await ask({ url: silent.url, timeoutMs: 100 })).toMatchObject({ decision: 'allow', answered: false });
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    expect(await ask({ url: silent.url, timeoutMs: 100, fail: 'closed' })).toMatchObject({
      decision: 'deny',
      answered: false,
    });
    expect(otel.warnings).toHaveLength(2);
  });

  it('the same holds where nothing listens, it refuses, or is something else', async () => {
    using other = await startServer({ hello: 'world' });
    const nobody = `http://127.0.0.1:${await freePort()}`;
    for (const at of [nobody, other.url, `${url}/x`.replace('127.0.0.1', 'localhost.invalid')]) {
      expect(await ask({ url: at, timeoutMs })).toMatchObject({ decision: 'allow', answered: false });
      expect(await ask({ url: at, timeoutMs, fail: 'closed' })).toMatchObject({ decision: 'deny', answered: false });
    }
  });
});

it('the guard of Express answers 403 to what the budget does not allow, and nothing else is done', async () => {
  const app = express();
  let handled = 0;
  app.use(attribution({ tenant: (request: express.Request) => request.get('x-tenant'), feature: 'chat' }));
  const estimate = (request: express.Request): string => {
    if (request.path === '/broken') throw new Error('no estimate');
    return '0.01';
  };
  app.use(guard({ url, timeoutMs, estimate }));
  app.get('/chat', (_request, response) => {
    handled += 1;
    response.json({ ok: true });
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const get = (tenant: string, path = '/chat'): Promise<Response> =>
      fetch(`http://127.0.0.1:${portOf(server)}${path}`, { headers: { 'x-tenant': tenant } });
    expect((await get('acme')).status).toBe(200);
    const denied = await get('globex');
    expect(denied.status).toBe(403);
    expect(await denied.json()).toMatchObject({ error: { code: 'budget_exceeded' } });
    expect(handled).toBe(1);
    expect((await get('acme', '/broken')).status).toBe(500);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
