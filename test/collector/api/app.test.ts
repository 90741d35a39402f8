import { get } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { auditTrace } from '../../../auditor/audit.js';
import type { CompiledContract } from '../../../auditor/contract.js';
import { connectStore } from '../../../collector/store/client.js';
import type { Store } from '../../../collector/store/client.js';
import { writeAudits } from '../../../collector/store/audits.js';
import { seriesPointSchema } from '../../../collector/store/questions/series.js';
import { startTestWriter } from '../../support/span-rows.js';
import { auditReportSchema } from '../../../schemas/audit.js';
import type { Gap, Score } from '../../../schemas/gate.js';
import { gapSchema, gateAnswerSchema, scoreSchema } from '../../../schemas/gate.js';
import { startTestApi } from '../../support/api.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { freePort } from '../../support/free-port.js';
import { clean, trace } from '../../support/trace.js';
import { waybill } from '../../support/waybill.js';

const NOW_US = Math.floor(Date.now() / 1_000) * 1_000_000;
const HOUR_US = 3_600_000_000;

/** Thresholds that the few calls of a test can meet. */
const modest = contract({
  services: { web: { role: 'entry' } },
  gate: { days: 1, calls: 10, enforceableSpend: 0.55, enforceableCalls: 0.55, misattributedCalls: 0.5 },
});

let test: TestStore;
let api: Api;
beforeAll(async () => {
  test = await startTestStore();
  api = await apiOn(test.store, modest);
  await store('acme', 1, 12);
  await store('globex', 101, 12);
  await store('globex', 201, 12, 'dropped');
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await test[Symbol.asyncDispose]();
});

interface Api extends AsyncDisposable {
  readonly url: string;
  readonly ask: (path: string) => Promise<{ status: number; headers: Headers; body: unknown }>;
}

async function apiOn(store: Store, by: CompiledContract): Promise<Api> {
  const served = await startTestApi(store, by, () => NOW_US);
  const { url } = served;
  return {
    url,
    ask: async (path) => {
      const response = await fetch(`${url}${path}`);
      return { status: response.status, headers: response.headers, body: await response.json() };
    },
    [Symbol.asyncDispose]: () => served[Symbol.asyncDispose](),
  };
}

function spansOf(tenant: string, number: number, fate?: 'dropped') {
  const start = { startUs: NOW_US - HOUR_US - number * 1_000_000 };
  const carried = { ...clean, tenant };
  const { feature, policy } = clean;
  const arriving = fate === 'dropped' ? { feature, policy } : carried;
  return trace(number)
    .station('web', carried, start)
    .station('gateway', arriving, start)
    .call('gpt-4o', undefined, { ...arriving, span: start }).spans;
}

/** Stores audited calls of 0.0035 dollars each. */
async function store(tenant: string, first: number, count: number, fate?: 'dropped'): Promise<void> {
  const audits = Array.from({ length: count }, (_, i) => auditTrace(spansOf(tenant, first + i, fate), modest));
  const firstDay = new Date((NOW_US - 24 * HOUR_US) / 1_000).toISOString().slice(0, 10);
  await writeAudits(
    test.store,
    audits.map((audit) => ({ audit, seenUs: [NOW_US], firstDay, earlier: null })),
    NOW_US,
  );
}

async function scoreOf(query: string): Promise<Score> {
  return z.object({ score: scoreSchema }).parse((await api.ask(`/v1/score?${query}`)).body).score;
}

async function gapsOf(query: string): Promise<Gap[]> {
  return z.object({ gaps: z.array(gapSchema) }).parse((await api.ask(`/v1/gaps?${query}`)).body).gaps;
}

/** The status of a request with this `Host`, which `fetch` would not send. */
async function statusFor(host: string): Promise<number | undefined> {
  return new Promise((done, fail) => {
    const request = get(`${api.url}/v1/score`, { headers: { host } }, (response) => {
      response.resume();
      done(response.statusCode);
    });
    request.on('error', fail);
  });
}

const message = (text: string | RegExp): unknown => ({ error: { message: expect.stringMatching(text) } });

describe('the API', () => {
  it('answers the score of a scope, with lost tenants counted against the tenant that caused them', async () => {
    expect(await scoreOf('tenant=acme')).toMatchObject({ calls: 12, enforceable: { calls: { share: 1 } } });
    expect(await scoreOf('tenant=globex')).toMatchObject({
      calls: 24,
      spendUsd: '0.084000000000',
      enforceable: { spend: { share: expect.closeTo(0.5, 9) } },
    });
    expect(await scoreOf('tenant=nobody')).toMatchObject({ calls: 0, score: null });
  });

  it('answers gaps with their hop and fix, of the severities asked for', async () => {
    const [gap, ...others] = await gapsOf('severity=error');
    expect(others).toEqual([]);
    expect(gap).toMatchObject({
      rule: 'dropped',
      attribute: 'tenant',
      hop: { from: 'web', to: 'gateway' },
      calls: 12,
      spendUsd: '0.042000000000',
    });
    expect(await gapsOf('tenant=acme&severity=error')).toEqual([]);
    expect((await gapsOf('severity=info,warning')).filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  it('answers gaps that belong to no call before all others, where nothing narrower is asked', async () => {
    const request = { kind: 3, attributes: ['server.address', 'api.openai.com', 'http.request.method', 'POST'] };
    const blind = (number: number) => trace(number).station('web').inside({}, request).spans;
    const firstDay = new Date((NOW_US - 24 * HOUR_US) / 1_000).toISOString().slice(0, 10);
    const audits = [901, 902].map((number) => auditTrace(blind(number), modest));
    await writeAudits(
      test.store,
      audits.map((audit) => ({ audit, seenUs: [NOW_US], firstDay, earlier: null })),
      NOW_US - HOUR_US,
    );
    const [gap, next] = await gapsOf('');
    expect(gap).toMatchObject({
      rule: 'uninstrumented',
      severity: 'error',
      question: 'observation',
      calls: 0,
      traces: 2,
      message: expect.stringContaining('web sent a request to api.openai.com'),
    });
    expect(next).toMatchObject({ rule: 'dropped', calls: 12, traces: 12 });
    const rules = async (query: string) => (await gapsOf(query)).map(({ rule }) => rule);
    expect(await rules('tenant=globex')).not.toContain('uninstrumented');
    expect(await rules('service=web')).toContain('uninstrumented');
    expect(await rules('service=gateway')).not.toContain('uninstrumented');
    expect(await rules('limit=1')).toEqual(['uninstrumented']);
  });

  it('answers spend by one dimension or two, what has no tenant as a row of its own', async () => {
    expect((await api.ask('/v1/spend?by=tenant,model')).body).toEqual({
      spend: [null, 'acme', 'globex'].map((tenant) => ({
        by: { tenant, model: 'gpt-4o' },
        calls: 12,
        costUsd: '0.042000000000',
        unknownCost: 0,
      })),
    });
    expect((await api.ask('/v1/spend?by=tenant,model,day')).status).toBe(400);
    expect((await api.ask('/v1/spend?by=team')).status).toBe(400);
  });

  it('answers score and spend over time, in stretches that begin with the hour or the day', async () => {
    const parsed = z.object({ series: z.array(seriesPointSchema) });
    for (const [since, stretchMs] of [
      ['24h', 3_600_000],
      ['7d', 86_400_000],
      ['999999d', 7 * 86_400_000],
    ] as const) {
      const { series } = parsed.parse((await api.ask(`/v1/series?since=${since}`)).body);
      expect(series.length, since).toBeLessThanOrEqual(100);
      for (const { from, to } of series) {
        expect(Date.parse(from) % stretchMs, since).toBe(0);
        expect((Date.parse(to) - Date.parse(from)) % stretchMs, since).toBe(0);
      }
      const sum = (verdict: 'unattributed' | 'enforceable') =>
        series.reduce((total, { spendUsd }) => total + Number(spendUsd[verdict]), 0);
      expect([sum('unattributed'), sum('enforceable')], since).toEqual([
        expect.closeTo(0.042, 12),
        expect.closeTo(0.084, 12),
      ]);
      expect(
        series.reduce((total, { calls }) => total + calls, 0),
        since,
      ).toBe(36);
    }
    expect((await api.ask('/v1/series?tenant=nobody')).body).toEqual({ series: [] });
  });

  it('answers the hops that calls crossed, and how much of each attribute was still there behind them', async () => {
    const whole = { carriedCalls: 36, carriedUsd: '0.126000000000', lostCalls: 0, lostUsd: '0.000000000000' };
    const torn = { carriedCalls: 24, carriedUsd: '0.084000000000', lostCalls: 12, lostUsd: '0.042000000000' };
    expect((await api.ask('/v1/hops')).body).toEqual({
      hops: [
        {
          hop: { from: 'web', to: 'gateway' },
          calls: 36,
          spendUsd: '0.126000000000',
          unknownCost: 0,
          fates: { tenant: torn, feature: whole, policy: whole, all: torn },
        },
      ],
    });
  });

  it('answers routes', async () => {
    expect((await api.ask('/v1/routes')).body).toMatchObject({
      routes: [{ route: ['web', 'gateway'], calls: 36, enforceable: 24, costUsd: '0.126000000000' }],
    });
  });

  it('answers calls page by page', async () => {
    const page = z.object({ calls: z.array(z.object({ traceId: z.string() })), next: z.string().nullable() });
    const seen = new Set<string>();
    let pages = 0;
    let next: string | null = '';
    while (next !== null) {
      const { body } = await api.ask(`/v1/calls?tenant=globex&limit=10${next === '' ? '' : `&cursor=${next}`}`);
      const parsed = page.parse(body);
      for (const { traceId } of parsed.calls) seen.add(traceId);
      next = parsed.next;
      pages += 1;
    }
    expect({ pages, seen: seen.size }).toEqual({ pages: 3, seen: 24 });
    expect(await api.ask('/v1/calls?cursor=1')).toMatchObject({ status: 400, body: message(/cursor/) });
  });

  it('answers the gate, keeps the answer, and the command line leaves with its code', async () => {
    const run = (...scope: string[]) => waybill(['gate', '--url', api.url, ...scope]);
    const ready = await run('--tenant', 'acme', '--format', 'json');
    expect(gateAnswerSchema.parse(JSON.parse(ready.stdout))).toMatchObject({ answer: 'ready', blockers: [] });
    expect(ready.code).toBe(0);

    const notReady = await run('--tenant', 'globex', '--since', '24h');
    expect(notReady.stdout).toContain('dropped of tenant at web → gateway');
    expect(notReady.code).toBe(1);

    expect((await run('--tenant', 'nobody')).code).toBe(3);
    expect(await run('--since', 'yesterday')).toMatchObject({ code: 2, stderr: expect.stringContaining("'since'") });
    expect((await api.ask('/v1/gate/history?tenant=globex')).body).toMatchObject({
      answers: [{ askedAt: expect.stringMatching(/Z$/), answer: { answer: 'not_ready', scope: { tenant: 'globex' } } }],
    });
  });

  it('shows a trace as it stands now, and says whether more may come', async () => {
    await using writer = startTestWriter({ store: test.store, clockUs: () => NOW_US - 1_000_000 });
    const spans = spansOf('acme', 999);
    await writer.write(spans);
    const { traceId = '' } = spans[0] ?? {};
    const { body } = await api.ask(`/v1/traces/${traceId}`);
    expect(auditReportSchema.parse(body).calls).toMatchObject([{ traceId, verdict: 'enforceable' }]);
    expect(body).toMatchObject({ provisional: true, spans: { length: 3 } });
    expect(await api.ask(`/v1/traces/${'f'.repeat(32)}`)).toMatchObject({ status: 404, body: message(/No span/) });
    expect(await api.ask('/v1/traces/xyz')).toMatchObject({ status: 400, body: message(/32 lower-case hex/) });
    expect((await api.ask('/v1/traces/%E0%A4%A')).status).toBe(400);
  });

  it('counts the same calls in any window that holds them, however long', async () => {
    for (const window of [
      'since=999999d',
      'from=1970-01-01T00:00:00Z',
      'from=0001-01-01T00:00:00Z&to=9999-01-01T00:00:00Z',
    ]) {
      expect((await api.ask(`/v1/score?${window}`)).body, window).toMatchObject({ score: { calls: 36 } });
    }
    expect((await api.ask('/v1/score?since=10m')).body).toMatchObject({ score: { calls: 0, score: null } });
    expect((await api.ask('/v1/gate?since=999999d')).status).toBe(200);
  });

  it('names what is wrong with a question', async () => {
    for (const [path, text] of [
      ['/v1/score?tennant=acme', /^Unknown parameter 'tennant'\.$/],
      ['/v1/score?tenant=', /'tenant': must not be empty/],
      ['/v1/score?tenant=a&tenant=b', /'tenant'/],
      ['/v1/score?since=soon', /'since': must be a span of time/],
      ['/v1/score?since=1d&from=2026-01-01T00:00:00Z', /either 'since' or 'from'/],
      ['/v1/score?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', /ends before it begins/],
      ['/v1/gaps?severity=fatal', /'severity/],
      ['/v1/calls?limit=0', /'limit'/],
    ] as const) {
      expect(await api.ask(path), path).toMatchObject({ status: 400, body: message(text) });
    }
    expect(await api.ask('/v1/nothing')).toMatchObject({ status: 404, body: message('/v1/nothing') });
  });

  it('binds what is asked for: a quote finds nothing and breaks nothing', async () => {
    const tenant = encodeURIComponent("acme' OR 1=1 --");
    expect((await api.ask(`/v1/score?tenant=${tenant}`)).body).toMatchObject({ score: { calls: 0 } });
  });

  it('serves only those who call this machine by a local name', async () => {
    expect(await statusFor('evil.example')).toBe(403);
    expect(await statusFor('127.0.0.1.evil.example')).toBe(403);
    expect(await statusFor('localhost:4319')).toBe(200);
    expect(await statusFor('[::1]:4319')).toBe(200);
  });

  it('says that the store is away, and when to ask again', async () => {
    const away = connectStore({ ...test.address, url: `http://127.0.0.1:${await freePort()}` });
    await using other = await apiOn(away, modest);
    for (const path of ['/v1/score', '/readyz']) {
      const { status, headers, body } = await other.ask(path);
      expect({ status, body }).toMatchObject({ status: 503, body: message(/ClickHouse does not answer/) });
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect((await other.ask('/healthz')).status).toBe(200);
    await away.close();
  });
});
