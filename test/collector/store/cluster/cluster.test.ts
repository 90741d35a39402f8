import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { ANYONE } from '../../../../collector/keys/key-ring.js';
import { startAlertLoop } from '../../../../collector/alerts/loop.js';
import { createAlertMetrics } from '../../../../collector/alerts/metrics.js';
import { traceView } from '../../../../collector/api/trace-view.js';
import { questions } from '../../../../collector/api/questions.js';
import { startAuditLoop } from '../../../../collector/audit/loop.js';
import type { Store } from '../../../../collector/store/client.js';
import { connectStore } from '../../../../collector/store/client.js';
import { packagePath } from '../../../../collector/package-path.js';
import { onCluster } from '../../../../collector/store/cluster/on-cluster.js';
import { holdersOf } from '../../../../collector/store/cluster/holders.js';
import { migrate } from '../../../../collector/store/migrate.js';
import { oneAtATime } from '../../../../collector/store/one-at-a-time.js';
import { writePayloads } from '../../../../collector/store/payloads.js';
import { applyRetention } from '../../../../collector/store/retention.js';
import { startTestApi } from '../../../support/api.js';
import { contract } from '../../../support/contract.js';
import { gatewayRecord } from '../../../support/record.js';
import type { TestCluster } from '../../../support/cluster.js';
import { startTestCluster } from '../../../support/cluster.js';
import { startTestWriter } from '../../../support/span-rows.js';
import { callFacts, clean, trace } from '../../../support/trace.js';

const START_US = Date.now() * 1_000 - 600_000_000;
const TRACES = 60;
const agreed = contract({
  policies: [
    { id: 'pro-monthly', match: { tenant: ['acme', 'globex'] }, limit: { usd: 0.02, per: 'month' }, alerts: [0.5, 1] },
  ],
  gate: { window: '1d', days: 1, calls: 10 },
});

let cluster: TestCluster;
/** The cluster, and a single server beside it that is told the same. */
let all: Store;
let one: Store;
beforeAll(async () => {
  cluster = await startTestCluster();
  await migrate(cluster.address);
  await migrate(cluster.serverAt(0, 'alone'));
  all = connectStore(cluster.address);
  one = connectStore(cluster.serverAt(0, 'alone'));
});
afterAll(async () => {
  await all.close();
  await one.close();
  await cluster[Symbol.asyncDispose]();
});

/** Traces that are whole, lose their tenant, have it rewritten, or have a call above the call. */
function spansOf(number: number) {
  const at = { startUs: START_US + number * 1_000, endUs: START_US + number * 1_000 + 500 };
  const carried = { ...clean, tenant: number % 3 === 0 ? 'acme' : 'globex' };
  const web = trace(number).station('web', carried, at);
  const next = number % 4 === 0 ? { ...carried, tenant: number % 8 === 0 ? undefined : 'other' } : carried;
  const agent = web.station('agent', next, at);
  const usage = { inputTokens: 100 + number, outputTokens: 10 * number };
  const called = agent.call('gpt-4o', usage, { span: at, facts: { responseId: `answer-${number}` } });
  return (number % 5 === 0 ? called.call('gpt-4o', usage, { span: at }) : called).spans;
}

/** A record of what a gateway charged for a call of such a trace, or for one that nobody traced. */
function record(number: number) {
  const at = { startUs: START_US + number * 1_000, endUs: START_US + number * 1_000 + 500 };
  const usage = callFacts('gpt-4o', { inputTokens: 100 + number, outputTokens: 10 * number }).usage;
  return gatewayRecord({ recordId: `r${number}`, ...at, facts: { responseId: `answer-${number}`, usage } });
}

/** The same work on a store as a receiver and some auditors do it. */
async function fill(store: Store, auditors: number): Promise<void> {
  let nowUs = START_US;
  const clockUs = () => nowUs;
  const writer = startTestWriter({ store, clockUs, minGapMs: 1 });
  const numbers = Array.from({ length: TRACES }, (_, i) => i + 1);
  await writer.write(numbers.flatMap(spansOf));
  // What is sent again counts once.
  await writer.write(numbers.slice(0, 20).flatMap(spansOf));
  await writePayloads(store, [record(7), record(TRACES + 1)], nowUs);
  await writer.stop();
  const log = pino({ level: 'silent' });
  const loops = Array.from({ length: auditors }, (_, index) =>
    startAuditLoop({ store, contract: agreed, clockUs, log, intervalMs: 0, share: { index, of: auditors } }),
  );
  // The second audits what the first has put records into.
  for (let round = 0; round < 2; round += 1) {
    nowUs += 6_000_000;
    for (const loop of loops) await loop.sweep();
  }
  expect(loops.reduce((sum, loop) => sum + loop.stats().failedTraces, 0)).toBe(0);
}

/** Decisions, a rollout and alerts, as the API makes them. @param processes that look for alerts at the same time */
async function useOn(store: Store, processes: number): Promise<void> {
  const clockUs = () => START_US + 60_000_000;
  await using api = await startTestApi(store, agreed, clockUs);
  await api.rollouts.set({ tenant: 'acme', policy: '*', mode: 'shadow', why: 'a test' }, 'ops');
  await api.rollouts.judge();
  for (const tenant of ['acme', 'globex', 'acme']) {
    const body = JSON.stringify({ tenant, feature: 'chat', policy: 'pro-monthly', estimatedCostUsd: '0.001' });
    const headers = { 'content-type': 'application/json' };
    expect(await fetch(`${api.url}/v1/decisions`, { method: 'POST', headers, body })).toHaveProperty('status', 200);
  }
  const metrics = createAlertMetrics(new Registry());
  const log = pino({ level: 'silent' });
  const alerts = () =>
    startAlertLoop({ store, contract: agreed.source, targets: [], metrics, clockUs, log, intervalMs: 0 });
  await Promise.all(Array.from({ length: processes }, () => alerts().round()));
}

const QUERIES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '/gate': { keep: 'false' },
  '/simulate': { policy: 'pro-monthly', limit: '0.01' },
  '/spend': { by: 'tenant,model' },
};
const asked = questions.filter(({ path }) => path !== '/rules');

/** Shares are sums of floating point, whose last digits go by the order of the calls. */
function rounded(answer: unknown): unknown {
  return JSON.parse(
    JSON.stringify(answer, (_, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(12)) : value)),
  );
}

async function answersOf(store: Store): Promise<Record<string, unknown>> {
  const nowUs = START_US + 120_000_000;
  const context = { store, contract: agreed, nowUs, caller: ANYONE, note: () => {} };
  const answers: Record<string, unknown> = {};
  for (const { path, answer } of asked) answers[path] = rounded(await answer(QUERIES[path] ?? {}, context));
  for (const number of [1, 4, 5, 7, 20]) {
    const id = number.toString(16).padStart(32, '0');
    answers[id] = rounded(await traceView(store, agreed, id, nowUs, 5_000));
  }
  return answers;
}

it('answers every question as a single server does that was told the same', { timeout: 60_000 }, async () => {
  await Promise.all([fill(all, 2), fill(one, 1)]);
  await Promise.all([useOn(all, 2), useOn(one, 1)]);
  const [ofAll, ofOne] = await Promise.all([answersOf(all), answersOf(one)]);
  for (const [path, answer] of Object.entries(ofOne)) expect([path, ofAll[path]]).toEqual([path, answer]);
  expect(ofOne['/score']).toMatchObject({ score: { calls: TRACES + 1 } });
  expect(ofOne['/alerts']).not.toEqual({ alerts: [] });
});

const placesSchema = z.array(z.object({ table: z.string(), shards: z.array(z.number()) }));

it('keeps a trace whole on one shard, and divides traces among all', async () => {
  const tables = ['spans', 'arrivals', 'calls', 'audits', 'span_keys'];
  for (const table of tables) {
    const rows = placesSchema.parse(
      await all.rows(
        `SELECT {table: String} AS table, arraySort(groupUniqArray(shards[1])) AS shards
         FROM (SELECT trace_id, groupUniqArray(toUInt8(_shard_num)) AS shards FROM ${table} GROUP BY trace_id HAVING length(shards) = 1)`,
        { table },
      ),
    );
    expect(rows).toEqual([{ table, shards: [1, 2] }]);
    expect(await all.rows(`SELECT 1 FROM ${table} GROUP BY trace_id HAVING uniqExact(_shard_num) > 1`)).toEqual([]);
  }
  expect(await all.rows('SELECT DISTINCT toUInt8(_shard_num) AS shard FROM cuts')).toEqual([{ shard: 1 }]);
  // A trace that is asked for by its id is asked of its own shard alone: ClickHouse refuses where it cannot.
  const ofOne = 'SELECT toUInt32(count()) AS calls FROM calls FINAL WHERE trace_id = {id: String}';
  const id = '1'.padStart(32, '0');
  expect(await all.rows(`${ofOne} SETTINGS force_optimize_skip_unused_shards = 1`, { id })).toEqual([{ calls: 1 }]);
});

it('is migrated again without a change, and by a process that asks another shard', async () => {
  expect(await migrate(cluster.address)).toEqual([]);
  expect(await migrate({ ...cluster.serverAt(1, 'waybill'), cluster: 'fleet' })).toEqual([]);
});

it('is migrated by several processes at once, as when all of a fleet start', async () => {
  const together = [0, 1, 0].map((shard) => ({ ...cluster.serverAt(shard, 'together'), cluster: 'fleet' }));
  await Promise.all(together.map((address) => migrate(address)));
  expect(await migrate({ ...cluster.serverAt(1, 'together'), cluster: 'fleet' })).toEqual([]);
  await using store = connectStore({ ...cluster.serverAt(0, 'together'), cluster: 'fleet' });
  expect(await store.rows('SELECT toUInt32(count()) AS calls FROM calls FINAL')).toEqual([{ calls: 0 }]);
});

it('keeps things as long as it is told, on every shard', async () => {
  for (const holder of await holdersOf(cluster.address)) {
    await using store = holder.connect(holder.database);
    expect(await applyRetention(store, { spanDays: 7, callDays: 90 })).toContain('calls');
    expect(await applyRetention(store, { spanDays: 7, callDays: 90 })).toEqual([]);
  }
});

it('answers nothing, rather than half, where a shard is away, and takes nothing', async () => {
  process.kill(cluster.engines[1]?.pid() ?? Number.NaN, 'SIGKILL');
  await expect(all.rows('SELECT count() FROM calls FINAL')).rejects.toMatchObject({ name: 'StoreUnavailable' });
  const writer = startTestWriter({ store: all, clockUs: () => START_US, minGapMs: 1 });
  const spans = Array.from({ length: 20 }, (_, i) => spansOf(1_000 + i)).flat();
  await expect(writer.write(spans)).rejects.toMatchObject({ name: 'StoreUnavailable' });
  await expect
    .poll(
      () =>
        writer.write(spans).then(
          () => 'written',
          () => 'refused',
        ),
      { timeout: 30_000, interval: 200 },
    )
    .toBe('written');
  const ids = [...new Set(spans.map(({ traceId }) => traceId))];
  const stored = 'SELECT toUInt32(uniqExact(trace_id)) AS traces FROM spans WHERE trace_id IN {ids: Array(String)}';
  expect(await all.rows(stored, { ids })).toEqual([{ traces: ids.length }]);
});

it('has a schema that ClickHouse reads as one of replicated tables, where a Keeper keeps the cluster', async () => {
  const directory = packagePath('schemas', 'clickhouse');
  const texts = await Promise.all((await readdir(directory)).map((file) => readFile(join(directory, file), 'utf8')));
  const statements = texts
    .flatMap((text) => text.split(/;\s*$/m))
    .filter((statement) => /\b(CREATE|ALTER|DROP)\b/.test(statement.replaceAll(/^--.*$/gm, '')));
  const read = await all.rows('SELECT formatQuery(arrayJoin({statements: Array(String)})) AS sql', {
    statements: statements.map((statement) => onCluster(statement, { cluster: 'fleet', database: 'waybill_local' })),
  });
  const sql = z
    .array(z.object({ sql: z.string() }))
    .parse(read)
    .map((row) => row.sql);
  expect(sql.filter((one) => !one.includes(' ON CLUSTER fleet'))).toEqual([]);
  const engines = sql.flatMap((one) => /ENGINE = .*/.exec(one) ?? []);
  expect(engines.length).toBeGreaterThan(10);
  expect(engines.filter((engine) => !engine.startsWith('ENGINE = Replicated'))).toEqual([]);
  expect(engines).toContain(
    "ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/waybill_local/calls', '{replica}', audited_at, is_deleted)",
  );
  expect(sql.filter((one) => one.includes('non_replicated'))).toEqual([]);
  expect(() => onCluster('OPTIMIZE TABLE calls', { cluster: 'fleet', database: 'waybill_local' })).toThrow('OPTIMIZE');
});

describe('what cannot be is refused in words', () => {
  const refusal = async (action: Promise<unknown>): Promise<string> =>
    action.then(
      () => 'it was not refused',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );

  it('a cluster that is not there', async () => {
    expect(await refusal(migrate({ ...cluster.address, cluster: 'flet' }))).toContain("knows no cluster 'flet'");
  });

  it('a database that a single server has, and the reverse', async () => {
    const alone = { ...cluster.serverAt(0, 'alone'), cluster: 'fleet' };
    expect(await refusal(migrate(alone))).toContain('The database alone holds rows of a single server');
    expect(await refusal(migrate(cluster.serverAt(0, 'waybill')))).toContain('WAYBILL_CLICKHOUSE_CLUSTER=fleet');
  });

  it('to forget and to back up', async () => {
    expect(await refusal(oneAtATime(all, 'forget', async () => {}))).toContain('works on a single ClickHouse');
    expect(await refusal(oneAtATime(all, 'backup', async () => {}))).toContain('waybill_local ON CLUSTER fleet');
  });
});
