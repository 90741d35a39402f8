import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_KEPT_ATTRIBUTES } from '../../../collector/otlp/scan-attributes.js';
import type { KeyValue } from '../otlp/request.js';
import { callSpan, requestOf, text, toProtobuf } from '../otlp/request.js';
import { otlpJson } from '../../support/otlp-json.js';
import { trace } from '../../support/trace.js';
import type { RunningWaybill } from '../../support/waybill.js';
import { startWaybill } from '../../support/waybill.js';

const NAMES = [
  'waybill_alert_deliveries_total',
  'waybill_alerts_raised_total',
  'waybill_attribute_keys_forgotten_total',
  'waybill_attributes_left_out_total',
  'waybill_audit_lag_seconds',
  'waybill_audit_shares_helped',
  'waybill_budget_limit_usd',
  'waybill_budget_period_end_seconds',
  'waybill_budget_runs_out_seconds',
  'waybill_budget_spent_usd',
  'waybill_budget_unknown_cost_calls',
  'waybill_calls_audited_total',
  'waybill_decisions_not_kept_total',
  'waybill_decisions_total',
  'waybill_findings_total',
  'waybill_gate_ready',
  'waybill_insert_duration_seconds',
  'waybill_ofrep_evaluations_total',
  'waybill_request_bytes_in_flight',
  'waybill_requests_refused_total',
  'waybill_reservations_open',
  'waybill_rollout_changes_total',
  'waybill_rollout_scopes',
  'waybill_score',
  'waybill_spans_acknowledged_total',
  'waybill_spans_held',
  'waybill_spans_received_total',
  'waybill_spans_rejected_total',
  'waybill_traces_audited_total',
  'waybill_traces_cut_total',
  'waybill_traces_failed_total',
  'waybill_traces_overdue_total',
  'waybill_unattributed_spend_share',
];

/** Each has few values, and all of them are ours. */
const LABELS = ['answer', 'le', 'mode', 'outcome', 'reason', 'rule', 'transport'];

let running: RunningWaybill;
beforeAll(async () => {
  running = await startWaybill(['--drain', '2s']);
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

async function send(body: string): Promise<number> {
  const headers = { 'content-type': 'application/json' };
  return (await fetch(`${running.otlpUrl}/v1/traces`, { method: 'POST', headers, body })).status;
}

/** The value of a metric, by its name and labels as they are printed. */
async function metric(name: string): Promise<number | undefined> {
  const response = await fetch(`${running.apiUrl}/metrics`);
  expect(response.headers.get('content-type')).toContain('text/plain');
  const line = (await response.text()).split('\n').find((one) => one.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length));
}

describe('a running Waybill', () => {
  it('counts what it received, kept, refused, audited and found', async () => {
    expect(await metric('waybill_spans_received_total{transport="http"}')).toBe(0);
    expect(await metric('waybill_requests_refused_total{transport="http",reason="malformed"}')).toBe(0);
    const { spans } = trace().station('web', { tenant: 'acme' }).station('agent').call('gpt-4o');
    expect(await send(JSON.stringify(otlpJson(spans)))).toBe(200);
    expect(await send('{"resourceSpans": 1}')).toBe(400);
    expect((await fetch(`${running.otlpUrl}/v1/logs`, { method: 'POST' })).status).toBe(404);

    expect(await metric('waybill_spans_received_total{transport="http"}')).toBe(spans.length);
    expect(await metric('waybill_spans_acknowledged_total{transport="http"}')).toBe(spans.length);
    expect(await metric('waybill_spans_rejected_total{transport="http"}')).toBe(0);
    expect(await metric('waybill_requests_refused_total{transport="http",reason="malformed"}')).toBe(1);
    expect(await metric('waybill_requests_refused_total{transport="http",reason="not-offered"}')).toBe(1);
    expect(await metric('waybill_insert_duration_seconds_count{outcome="ok"}')).toBe(1);
    expect(await metric('waybill_insert_duration_seconds_sum{outcome="ok"}')).toBeGreaterThan(0);
    expect(await metric('waybill_request_bytes_in_flight')).toBe(0);
    expect(await metric('waybill_spans_held')).toBe(0);

    await expect.poll(() => metric('waybill_traces_audited_total'), { timeout: 15_000 }).toBe(1);
    expect(await metric('waybill_calls_audited_total')).toBe(1);
    expect(await metric('waybill_findings_total{rule="dropped"}')).toBe(1);
    expect(await metric('waybill_findings_total{rule="missing"}')).toBe(2);
    expect(await metric('waybill_audit_lag_seconds')).toBeLessThan(60);
  });

  it('calls its metrics by these names, on which dashboards and rules rest', async () => {
    const text = await (await fetch(`${running.apiUrl}/metrics`)).text();
    const names = [...text.matchAll(/^# TYPE (waybill_\w+) \w+$/gm)].map(([, name = '']) => name);
    expect(names.toSorted()).toEqual(NAMES);
    // Each says what it is, and none has a label whose values a sender could make up.
    for (const name of NAMES) expect(text).toMatch(new RegExp(`^# HELP ${name} \\S`, 'm'));
    const labels = new Set(
      [...text.matchAll(/^waybill_\w+\{(.*)\} /gm)].flatMap(([, all = '']) =>
        [...all.matchAll(/(\w+)="/g)].map(([, label]) => label),
      ),
    );
    expect([...labels].filter((label) => label !== undefined && !LABELS.includes(label))).toEqual([]);
  });

  it('counts what it left out of spans with too many attributes, and how often it forgot keys', async () => {
    const madeUp = (from: number, count: number): KeyValue[] =>
      Array.from({ length: count }, (_, i) => text(`metadata.user_api_key_${from + i}`, `made up ${from + i}`));
    const sendSpans = async (...spans: readonly KeyValue[][]): Promise<void> => {
      const body = new Uint8Array(toProtobuf(requestOf(spans.map((attributes, i) => callSpan(attributes, i + 1)))));
      const headers = { 'content-type': 'application/x-protobuf' };
      expect((await fetch(`${running.otlpUrl}/v1/traces`, { method: 'POST', headers, body })).status).toBe(200);
    };
    expect(await metric('waybill_attributes_left_out_total')).toBe(0);
    expect(await metric('waybill_attribute_keys_forgotten_total')).toBe(0);
    await sendSpans(madeUp(0, 70));
    expect(await metric('waybill_attributes_left_out_total')).toBe(70 - MAX_KEPT_ATTRIBUTES);
    await sendSpans(...Array.from({ length: 100 }, (_, i) => madeUp(50 * i, 50)));
    await sendSpans(madeUp(0, 1));
    expect(await metric('waybill_attributes_left_out_total')).toBe(70 - MAX_KEPT_ATTRIBUTES);
    expect(await metric('waybill_attribute_keys_forgotten_total')).toBe(1);
  });

  it('is not ready while ClickHouse is away, yet healthy', async () => {
    const engine = await enginePid(running.dataDir);
    process.kill(engine, 'SIGSTOP');
    try {
      const asked = fetch(`${running.apiUrl}/readyz`, { signal: AbortSignal.timeout(10_000) });
      await sleep(50);
      expect((await fetch(`${running.apiUrl}/healthz`)).status).toBe(200);
      const answer = await asked;
      expect(answer.status).toBe(503);
      expect(await answer.json()).toMatchObject({ error: { message: expect.stringContaining('ClickHouse') } });
    } finally {
      process.kill(engine, 'SIGCONT');
    }
    await expect.poll(async () => (await fetch(`${running.apiUrl}/readyz`)).status, { timeout: 10_000 }).toBe(200);
  });

  it('says that it is not ready before it takes no more, and lives on meanwhile', async () => {
    const status = async (path: string): Promise<number> => (await fetch(`${running.apiUrl}${path}`)).status;
    expect(await status('/readyz')).toBe(200);
    running.child.kill('SIGTERM');
    await expect.poll(() => status('/readyz'), { interval: 20 }).toBe(503);
    expect(await status('/healthz')).toBe(200);
    expect(await send('{}')).toBe(200);
    await once(running.child, 'exit');
    expect(running.child.exitCode).toBe(0);
  });
});

async function enginePid(dataDir: string): Promise<number> {
  const { readdir, readFile } = await import('node:fs/promises');
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.includes(`--path=${dataDir}/clickhouse`)) return Number(pid);
  }
  throw new Error(`No ClickHouse runs on ${dataDir}.`);
}
