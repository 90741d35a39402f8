import { EventEmitter, once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { ROOT_CONTEXT, context, propagation, trace } from '@opentelemetry/api';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { getAttribution, setAttribution, withAttribution } from '../../instrumentation/attribution.js';
import {
  attributionHeaders,
  bindAttribution,
  bindAttributionOf,
  contextFrom,
  fromHeaders,
} from '../../instrumentation/carry-attribution.js';
import type { Otel } from '../support/otel.js';
import { startOtel } from '../support/otel.js';

const ACME = { tenant: 'acme', feature: 'chat', policy: 'pro', user: 'u-1' };

let otel: Otel;
beforeAll(() => {
  otel = startOtel();
});
afterAll(() => otel.stop());
afterEach(() => otel.clear());

const tracer = () => trace.getTracer('test');
const outgoing = (): Record<string, string> => {
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return headers;
};

describe('what Node keeps by itself', () => {
  it('await, timers and streams that are piped', async () => {
    await withAttribution(ACME, async () => {
      await sleep(1);
      expect(getAttribution()).toEqual(ACME);
      await new Promise<void>((done) => setTimeout(() => setImmediate(done), 1));
      expect(getAttribution()).toEqual(ACME);
      await pipeline(Readable.from(['a', 'b']), async (chunks) => {
        for await (const _ of chunks) expect(getAttribution()).toEqual(ACME);
      });
    });
    expect(getAttribution()).toEqual({});
  });
});

describe('what Node loses, and how it is kept', () => {
  it('a listener of an event emitter', () => {
    const emitter = new EventEmitter();
    const seen: unknown[] = [];
    withAttribution(ACME, () => {
      emitter.on('done', () => seen.push(getAttribution()));
      emitter.on(
        'done',
        bindAttribution(() => seen.push(getAttribution())),
      );
    });
    emitter.emit('done');
    expect(seen).toEqual([{}, ACME]);
  });

  it('a generator that another request reads, and its end', async () => {
    const seen: unknown[] = [];
    async function* chunks(): AsyncGenerator<number> {
      try {
        yield 1;
        yield 2;
      } finally {
        seen.push(getAttribution().tenant);
      }
    }
    const [plain, bound] = withAttribution(ACME, () => [chunks(), bindAttributionOf(chunks())]);
    for await (const _ of plain) break;
    for await (const _ of bound) break;
    expect(seen).toEqual([undefined, 'acme']);
  });

  it('a job that a worker of another request takes from a queue', () => {
    const queue: { readonly run: () => unknown; readonly headers: Record<string, string> }[] = [];
    const run = () => getAttribution().tenant;
    withAttribution(ACME, () => queue.push({ run, headers: attributionHeaders() }));
    // The queue may well be a file or a broker: what is in the payload is plain JSON.
    const headers: unknown = JSON.parse(JSON.stringify(queue[0]?.headers));
    expect(headers).toEqual({ baggage: 'tenant.id=acme,feature.id=chat,budget.policy.id=pro,user.id=u-1' });
    withAttribution({ tenant: 'globex' }, () => {
      expect(queue[0]?.run()).toBe('globex');
      expect(fromHeaders({ ...queue[0]?.headers }, run)).toBe('acme');
      // Nor may a job without attribution take that of the one before it.
      expect(fromHeaders({}, run)).toBeUndefined();
    });
  });

  it('a batch job, whose one payload holds the work of many tenants', async () => {
    const item = (tenant: string, text: string) =>
      withAttribution({ tenant, feature: 'digest' }, () =>
        tracer().startActiveSpan('asked', (span) => {
          span.end();
          return { text, headers: attributionHeaders() };
        }),
      );
    const payload = JSON.stringify([item('acme', 'a'), item('globex', 'b'), item('initech', 'c')]);
    const items: ReturnType<typeof item>[] = JSON.parse(payload);
    const work = async ({ text }: { readonly text: string }) => {
      const span = tracer().startSpan(`work on ${text}`);
      await sleep(1);
      span.end();
      return outgoing()['baggage'];
    };
    const worked = () => otel.spans().filter(({ name }) => name.startsWith('work on'));
    const tenants = () => worked().map(({ attributes }) => attributes['tenant.id']);

    // The job runs as whoever started it, and all of its items with it.
    const lost = await withAttribution({ tenant: 'nightly' }, () => Promise.all(items.map(work)));
    expect(tenants()).toEqual(['nightly', 'nightly', 'nightly']);
    expect(lost).toEqual(Array(3).fill('tenant.id=nightly'));

    const asked = otel.spans().filter(({ name }) => name === 'asked');
    const traceIds = asked.map((span) => span.spanContext().traceId);
    otel.clear();
    // All at once: items that are worked on side by side must not mix.
    const kept = await withAttribution({ tenant: 'nightly' }, () =>
      Promise.all(items.map((one) => fromHeaders(one.headers, () => work(one)))),
    );
    expect(tenants()).toEqual(['acme', 'globex', 'initech']);
    expect(worked().map((span) => span.spanContext().traceId)).toEqual(traceIds);
    expect(kept).toEqual(['acme', 'globex', 'initech'].map((tenant) => `tenant.id=${tenant},feature.id=digest`));

    // An item whose payload names its tenant only.
    otel.clear();
    await Promise.all(['acme', 'globex'].map((tenant) => withAttribution({ tenant }, () => work({ text: tenant }))));
    expect(tenants()).toEqual(['acme', 'globex']);
  });

  it('a worker thread, and the trace goes along', async () => {
    const code = `
      const { parentPort, workerData } = require('node:worker_threads');
      parentPort.postMessage(workerData.headers ?? null);`;
    const sent = withAttribution(ACME, () =>
      tracer().startActiveSpan('job', (span) => {
        const headers = attributionHeaders();
        span.end();
        return headers;
      }),
    );
    const worker = new Worker(code, { eval: true, workerData: { headers: sent } });
    const [headers]: unknown[] = await once(worker, 'message');
    await worker.terminate();
    context.with(contextFrom(headers), () => {
      expect(getAttribution()).toEqual(ACME);
      expect(trace.getActiveSpan()?.spanContext().traceId).toBe(otel.spans()[0]?.spanContext().traceId);
    });
  });
});

describe('attribution that is known late', () => {
  it('reaches the open span, spans below it and requests, and no span beside it', () => {
    tracer().startActiveSpan('request', (request) => {
      tracer().startSpan('before').end();
      setAttribution({ tenant: 'acme' });
      tracer().startActiveSpan('after', (after) => {
        tracer().startSpan('below').end();
        expect(outgoing()['baggage']).toBe('tenant.id=acme');
        after.end();
      });
      request.end();
    });
    tracer().startSpan('next request').end();
    const seen = otel.spans().map(({ name, attributes }) => [name, attributes['tenant.id']]);
    expect(seen).toEqual([
      ['before', undefined],
      ['below', 'acme'],
      ['after', 'acme'],
      ['request', 'acme'],
      ['next request', undefined],
    ]);
  });

  it('the nearer word counts: a function inside a span over the span, and the span over baggage from before', () => {
    withAttribution({ tenant: 'outer', feature: 'chat' }, () =>
      tracer().startActiveSpan('request', (span) => {
        setAttribution({ tenant: 'late' });
        expect(getAttribution()).toEqual({ tenant: 'late', feature: 'chat' });
        withAttribution({ tenant: 'inner' }, () => {
          expect(getAttribution()).toEqual({ tenant: 'inner', feature: 'chat' });
          setAttribution({ feature: 'search' });
          expect(getAttribution()).toEqual({ tenant: 'inner', feature: 'search' });
        });
        span.end();
      }),
    );
  });

  it('without a span nothing happens', () => {
    setAttribution(ACME);
    expect(getAttribution()).toEqual({});
  });
});

describe('bad values', () => {
  it('never throw, are left out, and are said once', () => {
    const hostile = {
      get tenant(): string {
        throw new Error('no session');
      },
      feature: 'x'.repeat(257),
      policy: 'half \ud800',
      user: 'u-1',
    };
    for (let i = 0; i < 3; i += 1) {
      withAttribution(hostile, () => {
        expect(getAttribution()).toEqual({ user: 'u-1' });
        expect(outgoing()['baggage']).toBe('user.id=u-1');
      });
    }
    expect(otel.warnings).toHaveLength(3);
    expect(otel.warnings[0]).toContain('no session');
  });

  it('headers of a job may be anything', () => {
    for (const headers of [null, 7, 'x', { baggage: 7 }, { baggage: ['tenant.id=%zz'] }, { traceparent: {} }]) {
      expect(context.with(contextFrom(headers), getAttribution)).toEqual({});
    }
  });
});

it('of more tenants than are kept in mind, each request takes its own along', () => {
  const note = propagation.setBaggage(ROOT_CONTEXT, propagation.createBaggage({ note: { value: 'ok' } }));
  for (let round = 0; round < 2; round += 1) {
    for (let i = 0; i < 1_500; i += 1) {
      const tenant = `tenant-${i}`;
      expect(withAttribution({ tenant }, outgoing)).toEqual({ baggage: `tenant.id=${tenant}` });
      const withNote = context.with(note, () => withAttribution({ feature: tenant }, outgoing));
      expect(withNote).toEqual({ baggage: `feature.id=${tenant},note=ok` });
    }
  }
});

describe('baggage that is too large', () => {
  const large = (count: number, bytes: number) => {
    let baggage = propagation.createBaggage();
    for (let i = 0; i < count; i += 1) baggage = baggage.setEntry(`k${i}`, { value: 'v'.repeat(bytes) });
    return propagation.setBaggage(ROOT_CONTEXT, baggage.setEntry('tenant.id', { value: 'acme' }));
  };

  it.each([
    ['by bytes', 80, 200],
    ['by members', 300, 1],
    ['for proxies that keep 64 members', 100, 1],
  ])('keeps attribution, %s', (_, count, bytes) => {
    const baggage = context.with(large(count, bytes), outgoing)['baggage'] ?? '';
    expect(baggage.split(',')[0]).toBe('tenant.id=acme');
    expect(Buffer.byteLength(baggage)).toBeLessThanOrEqual(8_192);
    expect(baggage.split(',').length).toBeLessThanOrEqual(180);
  });

  it('names what it leaves out, once, and what cannot be written does not throw', async () => {
    // A new propagator: the one of the other tests may have warned already.
    await otel.stop();
    otel = startOtel();
    context.with(large(80, 200), () => [outgoing(), outgoing()]);
    expect(otel.warnings).toHaveLength(1);
    expect(otel.warnings[0]).toMatch(/ members are not: k\d+, k\d+/);
    const half = propagation.createBaggage({ 'tenant.id': { value: '\ud800' }, note: { value: 'ok' } });
    expect(context.with(propagation.setBaggage(ROOT_CONTEXT, half), outgoing)).toEqual({ baggage: 'note=ok' });
  });
});
