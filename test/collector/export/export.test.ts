import { isDeepStrictEqual } from 'node:util';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AuditLoop } from '../../../collector/audit/loop.js';
import { startAuditLoop } from '../../../collector/audit/loop.js';
import { startFindingExport } from '../../../collector/export/findings.js';
import { createExportMetrics } from '../../../collector/export/metrics.js';
import { loadSdk } from '../../../collector/export/sdk.js';
import type { Exporting } from '../../../collector/export/settings.js';
import { exportingOf } from '../../../collector/export/settings.js';
import type { Export } from '../../../collector/export/start.js';
import { startExport } from '../../../collector/export/start.js';
import type { WholeAudit } from '../../../collector/store/audit-rows.js';
import { auditTrace } from '../../../auditor/audit.js';
import type { Span } from '../../../schemas/span.js';
import { contractSchema } from '../../../schemas/contract.js';
import { contract } from '../../support/contract.js';
import type { TestDownstream } from '../../support/downstream.js';
import { startDownstream } from '../../support/downstream.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import type { SentLog } from '../../support/otlp-results.js';
import { logsIn, pointsIn, senderOfLogs } from '../../support/otlp-results.js';
import { startTestWriter } from '../../support/span-rows.js';
import { clean, START_US, trace } from '../../support/trace.js';

const log = pino({ level: 'silent' });
const OWN = { host: '127.0.0.1', otlpPort: 4318, grpcPort: 4317, apiPort: 4319 };
const QUIET_MS = 5_000;

let test: TestStore;
let backend: TestDownstream;
let nowUs: number;
const clockUs = () => nowUs;
const started: AsyncDisposable[] = [];

beforeAll(async () => {
  test = await startTestStore();
});
afterAll(() => test[Symbol.asyncDispose]());
beforeEach(async () => {
  nowUs = Date.now() * 1_000;
  for (const table of ['spans', 'arrivals', 'calls', 'audits', 'cuts']) {
    await test.store.command(`TRUNCATE TABLE ${table}`);
  }
  backend = await startDownstream();
});
afterEach(async () => {
  for (const one of started.splice(0).toReversed()) await one[Symbol.asyncDispose]();
  await backend[Symbol.asyncDispose]();
});

function exporting(change: Partial<Exporting> = {}): Exporting {
  const found = exportingOf(
    undefined,
    { WAYBILL_EXPORT_ENDPOINT: backend.url.origin, WAYBILL_EXPORT_HEADERS: 'x-key=SECRET' },
    OWN,
  );
  if (found === null) throw new Error('Nothing is sent.');
  return { ...found, scopes: [], everyMs: 3_600_000, ...change };
}

async function start(change: Partial<Exporting> = {}, clock = clockUs, index = 0): Promise<Export> {
  const { source } = contract({ gate: { window: '1d' } });
  const share = { index, of: 2 };
  const options = { exporting: exporting(change), contract: source, store: test.store, log, clockUs: clock, share };
  const one = await startExport({ ...options, registry: new Registry() });
  started.push(one);
  return one;
}

function auditLoop(newsOf: Export['newsOf']): AuditLoop {
  const options = { store: test.store, contract: contract(), clockUs, log, quietMs: QUIET_MS, intervalMs: 0 };
  const loop = startAuditLoop({ ...options, ...(newsOf === undefined ? {} : { newsOf }) });
  started.push(loop);
  return loop;
}

async function arrive(loop: AuditLoop, spans: readonly Span[]): Promise<void> {
  await using writer = startTestWriter({ store: test.store, clockUs, minGapMs: 1 });
  await writer.write(spans);
  nowUs += QUIET_MS * 1_000 + 1_000_000;
  await loop.sweep();
}

/** The findings that came, once there are so many. */
async function said(count: number): Promise<SentLog[]> {
  const logs = (): SentLog[] =>
    backend.arrived.filter(({ path }) => path === '/v1/logs').flatMap(({ body }) => logsIn(body));
  await expect.poll(() => logs().length, { timeout: 10_000 }).toBeGreaterThanOrEqual(count);
  return logs();
}

describe('findings that are sent on', () => {
  it('are logs, linked to the span that shows them', async () => {
    const loop = auditLoop((await start()).newsOf);
    const web = trace().station('web', clean);
    const call = web.station('agent', { feature: 'chat', policy: 'pro-monthly' }).call('gpt-4o');
    await arrive(loop, call.spans);
    const all = await said(1);
    const dropped = all.find(({ attributes }) => attributes['attribution.rule'] === 'dropped');
    expect(dropped).toMatchObject({
      eventName: 'attribution.finding',
      timeUnixNano: `${START_US + 3_000}000`,
      severityNumber: 17,
      severityText: 'ERROR',
      traceId: '1'.padStart(32, '0'),
      body: expect.stringContaining("'acme'"),
      attributes: {
        'attribution.rule': 'dropped',
        'attribution.question': 'survival',
        'attribution.attribute': 'tenant',
        'attribution.hop.from': 'web',
        'attribution.hop.to': 'agent',
        'attribution.fix': expect.stringContaining('agent'),
        'attribution.service': 'agent',
        'attribution.verdict': 'unattributed',
        'feature.id': 'chat',
        'budget.policy.id': 'pro-monthly',
      },
    });
    expect(call.spans.map(({ spanId }) => spanId)).toContain(dropped?.spanId);
    expect(dropped?.attributes).not.toHaveProperty('tenant.id');
    const [request] = backend.arrived;
    expect(request?.headers['x-key']).toBe('SECRET');
    expect(senderOfLogs(request?.body ?? Buffer.alloc(0))).toMatchObject({ 'service.name': 'waybill' });
  });

  it('are told once, also by a Waybill that was restarted, and again where they changed', async () => {
    const web = trace().station('web', clean);
    const agent = web.station('agent', { feature: 'chat', policy: 'pro-monthly' });
    const before = [...agent.call('gpt-4o').spans];
    const first = await start();
    await arrive(auditLoop(first.newsOf), before);
    const told = (await said(1)).length;
    // Another process, and a span that changes nothing about them.
    const second = await start();
    const loop = auditLoop(second.newsOf);
    const late = agent.inside({ feature: 'chat', policy: 'pro-monthly' }).spans.at(-1);
    await arrive(loop, late === undefined ? [] : [late]);
    expect(loop.stats().traces).toBe(1);
    await second[Symbol.asyncDispose]();
    expect(await said(0)).toHaveLength(told);
    const third = await start();
    const gateway = agent.station('litellm', {}).call('gpt-4o');
    await arrive(auditLoop(third.newsOf), gateway.spans.slice(-2));
    const rules = (await said(told + 1)).slice(told).map(({ attributes }) => attributes['attribution.hop.to']);
    expect(rules).toContain('litellm');
  });

  it('hold nothing up, and are bounded and counted, while nobody takes them', async () => {
    const registry = new Registry();
    const counts = async (): Promise<string> => registry.metrics();
    backend.answer = (_request, response) => response.writeHead(400).end();
    const findings = startFindingExport({
      sdk: await loadSdk(),
      to: exporting().logs,
      store: test.store,
      metrics: createExportMetrics(registry),
      log,
      mostWaiting: 5,
      delayMs: 50,
    });
    started.push(findings);
    const { spans } = trace().station('web', {}).call('gpt-4o');
    const audit = auditTrace(spans, contract());
    const found = audit.calls.flatMap((one) => one.findings).length + audit.findings.length;
    const one: WholeAudit = { audit, seenUs: [], firstDay: '2026-11-02', earlier: null };
    for (let i = 0; i < 10; i += 1) (await findings.newsOf([one]))();
    await expect.poll(counts).toContain(`waybill_exported_findings_total{outcome="dropped"} ${10 * found - 5}\n`);
    await expect.poll(counts).toContain('waybill_exported_findings_total{outcome="failed"} 5\n');
    backend.answer = (_request, response) => response.end();
    (await findings.newsOf([one]))();
    await expect.poll(counts).toContain(`waybill_exported_findings_total{outcome="sent"} ${found}\n`);
  });
});

describe('score and spend that are sent on', () => {
  it('are gauges of each scope, with what has no known cost beside', async () => {
    const quiet = await start();
    const loop = auditLoop(quiet.newsOf);
    await arrive(loop, trace(1).station('web', clean).call('gpt-4o').spans);
    await arrive(
      loop,
      trace(2)
        .station('web', { ...clean, tenant: undefined })
        .call('gpt-4o').spans,
    );
    await arrive(loop, trace(3).station('web', clean).call('gpt-4o', null).spans);
    const scopes = [{}, { tenant: 'acme', policy: 'pro-monthly' }, { tenant: 'nobody' }];
    // The last word comes at the end.
    for (const index of [0, 1]) {
      const one = await start({ scopes, findings: false }, () => START_US + 3_600_000_000, index);
      await one[Symbol.asyncDispose]();
    }
    const sent = () => backend.arrived.filter(({ path }) => path === '/v1/metrics');
    expect(sent()).toHaveLength(1);
    const points = pointsIn(sent()[0]?.body ?? Buffer.alloc(0));
    const window = { 'attribution.window': '1d' };
    const acme = { ...window, 'tenant.id': 'acme', 'budget.policy.id': 'pro-monthly' };
    const nobody = { ...window, 'tenant.id': 'nobody' };
    const of = (name: string, attributes: object) =>
      points
        .filter((one) => one.name === name && isDeepStrictEqual(one.attributes, attributes))
        .map(({ value }) => value);
    const spend = (scope: object, verdict: string) =>
      of('attribution.spend', { ...scope, 'attribution.verdict': verdict });
    expect(spend(window, 'enforceable')).toEqual([0.0035]);
    expect(spend(window, 'unattributed')).toEqual([0.0035]);
    expect(spend(acme, 'unattributed')).toEqual([0]);
    expect(spend(nobody, 'enforceable')).toEqual([0]);
    expect(of('attribution.unknown_cost', window)).toEqual([1]);
    expect(of('attribution.unknown_cost', nobody)).toEqual([0]);
    expect(of('attribution.score', window)[0]).toBeGreaterThan(0);
    expect(of('attribution.score', acme)[0]).toBeGreaterThan(of('attribution.score', window)[0] ?? 100);
    expect(of('attribution.score', nobody)).toEqual([]);
  });
});

describe('the settings of what is sent on', () => {
  const settings = (section: object, env = {}) =>
    exportingOf(contractSchema.parse({ export: { endpoint: 'http://collector:4318', ...section } }).export, env, OWN);

  it('are none by default, and then everything, each minute', () => {
    expect(exportingOf(undefined, {}, OWN)).toBeNull();
    expect(settings({ headersEnv: { authorization: 'TOKEN' } }, { TOKEN: 'Bearer x' })).toEqual({
      logs: { url: new URL('http://collector:4318/v1/logs'), headers: { authorization: 'Bearer x' } },
      metrics: { url: new URL('http://collector:4318/v1/metrics'), headers: { authorization: 'Bearer x' } },
      findings: true,
      scopes: [{}],
      everyMs: 60_000,
    });
  });

  it('never lead to Waybill itself', () => {
    expect(() => settings({ endpoint: 'http://localhost:4318' })).toThrow(/'export' names this Waybill itself/);
  });
});
