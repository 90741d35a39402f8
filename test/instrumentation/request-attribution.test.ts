import { once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { ROOT_CONTEXT, SpanKind, context, propagation, trace } from '@opentelemetry/api';
import express from 'express';
import type { FastifyRequest } from 'fastify';
import fastify from 'fastify';
import type { Context } from 'hono';
import { Hono } from 'hono';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { getAttribution } from '../../instrumentation/attribution.js';
import { attribution as forExpress } from '../../instrumentation/express.js';
import { attribution as forFastify } from '../../instrumentation/fastify.js';
import { attribution as forHono } from '../../instrumentation/hono.js';
import type { Otel } from '../support/otel.js';
import { startOtel } from '../support/otel.js';
import { portOf } from '../support/free-port.js';

let otel: Otel;
beforeAll(() => {
  otel = startOtel();
});
afterAll(() => otel.stop());
afterEach(() => otel.clear());

/** As the HTTP instrumentation does it: a span of the server, below what the caller sent. */
const traced =
  (listener: RequestListener): RequestListener =>
  (request, response) => {
    const ctx = propagation.extract(ROOT_CONTEXT, request.headers);
    const span = trace.getTracer('test').startSpan('server', { kind: SpanKind.SERVER }, ctx);
    response.on('close', () => span.end());
    context.with(trace.setSpan(ctx, span), () => listener(request, response));
  };

type Trust = readonly string[] | (() => boolean);
const TENANT = 'x-session';

/** What the handler sees of attribution, when tenants come from a session and callers claim things in baggage. */
const servers: Readonly<Record<string, (trust: Trust) => Promise<Server>>> = {
  express: async (trust) => {
    const app = express();
    const tenant = (request: express.Request) => request.get(TENANT);
    app.use(forExpress({ tenant, feature: 'chat', trust, carrier: 'portkey' }));
    app.use(express.json());
    app.post('/', (_request, response) => void response.json(getAttribution()));
    return createServer(traced(app));
  },
  fastify: async (trust) => {
    let server: Server | undefined;
    const app = fastify({ serverFactory: (handler) => (server = createServer(traced(handler))) });
    app.addHook(
      'preHandler',
      forFastify({
        tenant: (request: FastifyRequest) => request.headers[TENANT]?.toString(),
        feature: 'chat',
        trust,
        carrier: 'portkey',
      }),
    );
    app.post('/', async () => getAttribution());
    await app.ready();
    if (server === undefined) throw new Error('Fastify made no server.');
    return server;
  },
  hono: async (trust) => {
    const app = new Hono();
    app.use(forHono({ tenant: (c: Context) => c.req.header(TENANT), feature: 'chat', trust, carrier: 'portkey' }));
    app.post('/', async (c) => {
      await c.req.json();
      return c.json(getAttribution());
    });
    return createServer(traced((request, response) => void getRequestListener(app.fetch)(request, response)));
  },
};

async function ask(name: string, trust: Trust, headers: Record<string, string>): Promise<unknown> {
  const server = await servers[name]?.(trust);
  if (server === undefined) throw new Error(`There is no ${name}.`);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const response = await fetch(`http://127.0.0.1:${portOf(server)}/`, {
      method: 'POST',
      body: '{"a":1}',
      headers: { 'content-type': 'application/json', connection: 'close', ...headers },
    });
    return await response.json();
  } finally {
    server.close();
    await once(server, 'close');
  }
}

const CLAIM = { baggage: 'note=ok,tenant.id=victim,feature.id=x,budget.policy.id=free,attribution.signature=a.b.c' };
const stamped = () =>
  ['tenant.id', 'feature.id', 'budget.policy.id', 'attribution.signature'].map(
    (key) => otel.spans().find(({ name }) => name === 'server')?.attributes[key],
  );

describe.each(Object.keys(servers))('%s', (name) => {
  it('does not believe its caller, and says so on the span of the server too', async () => {
    expect(await ask(name, [], { ...CLAIM, [TENANT]: 'acme' })).toEqual({ tenant: 'acme', feature: 'chat' });
    expect(stamped()).toEqual(['acme', 'chat', undefined, undefined]);
  });

  it('has no tenant rather than a claimed one', async () => {
    expect(await ask(name, ['10.0.0.0/8', 'nonsense'], CLAIM)).toEqual({ feature: 'chat' });
    expect(stamped()).toEqual([undefined, 'chat', undefined, undefined]);
  });

  it('believes a hop that is named', async () => {
    expect(await ask(name, ['127.0.0.0/8'], CLAIM)).toEqual({ tenant: 'victim', feature: 'chat', policy: 'free' });
  });

  it('reads what a gateway was told, of a hop that is named only, and under what baggage says', async () => {
    const told = { 'x-portkey-metadata': '{"tenant.id":"told","budget.policy.id":"free"}' };
    expect(await ask(name, [], told)).toEqual({ feature: 'chat' });
    expect(await ask(name, ['127.0.0.1'], told)).toEqual({ tenant: 'told', feature: 'chat', policy: 'free' });
    const both = { ...told, baggage: 'tenant.id=carried' };
    otel.clear();
    expect(await ask(name, ['127.0.0.1'], both)).toEqual({ tenant: 'carried', feature: 'chat', policy: 'free' });
    expect(stamped()).toEqual(['carried', 'chat', 'free', undefined]);
  });

  it('serves the request when what decides fails, and believes nobody then', async () => {
    const fail = (): boolean => {
      throw new Error('no certificate');
    };
    expect(await ask(name, fail, CLAIM)).toEqual({ feature: 'chat' });
    expect(otel.warnings).toEqual(['Attribution: trust failed: no certificate']);
  });
});
