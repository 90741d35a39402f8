import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { budgetThresholds } from '../../auditor/alerts/budget-thresholds.js';
import { scoreOf } from '../../auditor/score/score.js';
import { packagePath } from '../../collector/package-path.js';
import { claimAttempt, finishAttempt, raiseAlerts } from '../../collector/store/alerts.js';
import type { Store } from '../../collector/store/client.js';
import { connectStore } from '../../collector/store/client.js';
import { askGate } from '../../collector/store/questions/gate.js';
import { tallyCalls } from '../../collector/store/questions/tally.js';
import { contract } from '../support/contract.js';
import type { TestStore } from '../support/engine.js';
import { startTestStore } from '../support/engine.js';
import { asGrafanaSends } from '../support/grafana.js';
import { storeAudits } from '../support/store-audits.js';
import type { CarriedValues } from '../support/trace.js';
import { trace } from '../support/trace.js';

const DAY_US = 86_400_000_000;
const NOW_US = Math.floor(Date.now() / 1_000) * 1_000_000;
const [YESTERDAY_US, BEFORE_US] = [NOW_US - DAY_US, NOW_US - 2 * DAY_US];

const isoDay = (us: number): string => new Date(us / 1_000).toISOString().slice(0, 10);
const [yesterday, before] = [isoDay(YESTERDAY_US), isoDay(BEFORE_US)];

/** A call has 1000 input and 100 output tokens, so that it costs 0.0035, 0.0045, 0.0012 and 0.0024 dollars. */
const judged = contract({
  policies: [{ id: 'pro', match: {}, limit: { usd: 1, per: 'month' } }],
  prices: [
    { provider: 'openai', model: 'gpt-test', inputPerMillion: 2.5, outputPerMillion: 10 },
    { provider: 'anthropic', model: 'claude-test', inputPerMillion: 3, outputPerMillion: 15 },
    { provider: 'deepseek', model: 'deepseek-test', inputPerMillion: 1, outputPerMillion: 2 },
    { provider: 'openrouter', model: 'router-test', inputPerMillion: 2, outputPerMillion: 4 },
  ],
});

interface Made {
  readonly number: number;
  readonly at: number;
  readonly carried: CarriedValues;
  readonly provider: string;
  readonly model: string;
  readonly fate?: 'dropped' | 'no-usage' | 'disagrees';
}

function spansOf({ number, at, carried, provider, model, fate }: Made) {
  const span = { startUs: at, endUs: at + 1_000 };
  const { tenant: _tenant, user: _user, ...nameless } = carried;
  return trace(number)
    .station('web', carried, span)
    .station('gateway', fate === 'dropped' ? nameless : carried, span)
    .call(model, fate === 'no-usage' ? null : { inputTokens: 1000, outputTokens: 100 }, {
      span,
      facts: { provider, reportedCostUsd: fate === 'disagrees' ? '0.007' : null },
    }).spans;
}

const whose = (tenant: string, user?: string): CarriedValues => ({
  tenant,
  feature: 'chat',
  policy: 'pro',
  ...(user === undefined ? {} : { user }),
});
const openai = { provider: 'openai', model: 'gpt-test' };
const calls: readonly Made[] = [
  { number: 1, at: BEFORE_US, carried: whose('acme', 'ann'), ...openai },
  { number: 2, at: BEFORE_US, carried: whose('acme', 'ann'), provider: 'anthropic', model: 'claude-test' },
  { number: 3, at: YESTERDAY_US, carried: whose('acme', 'bob'), provider: 'deepseek', model: 'deepseek-test' },
  { number: 4, at: YESTERDAY_US, carried: whose('globex', 'bob'), provider: 'openrouter', model: 'router-test' },
  { number: 5, at: YESTERDAY_US, carried: whose('globex', 'cid'), ...openai, fate: 'dropped' },
  { number: 6, at: YESTERDAY_US, carried: whose('acme', 'ann'), ...openai, fate: 'no-usage' },
  { number: 7, at: YESTERDAY_US, carried: whose('acme', 'ann'), ...openai, fate: 'disagrees' },
];

const deployed = (...path: string[]) => readFile(packagePath('deploy', 'clickhouse', ...path), 'utf8');

let test: TestStore;
let reader: Store;
beforeAll(async () => {
  const acme = await deployed('users.d', 'tenant-acme.xml');
  test = await startTestStore({
    // The embedded server has no variables of its environment.
    'clickhouse-users.d/acme.xml': acme.replace(/<password from_env=.*\/>/, '<password>secret of acme</password>'),
    'clickhouse.d/durable.xml': await deployed('config.d', 'durable.xml'),
  });
  await storeAudits(test.store, judged, calls.map(spansOf), NOW_US);
  // People read as `reader`, and so does this test.
  const password = (await readFile(join(test.dataDir, 'reader.password'), 'utf8')).trim();
  reader = connectStore({ ...test.address, username: 'reader', password });
  await askGate(test.store, judged.source, {}, NOW_US - 1_000_000);
  const [alert] = budgetThresholds(NOW_US - 1_000_000, {
    policy: 'pro',
    per: 'month',
    from: '2026-11-01T00:00:00.000000Z',
    to: '2026-12-01T00:00:00.000000Z',
    limitUsd: '1.000000000000',
    spent: { calls: 1, costUsd: '0.900000000000', unknownCost: 0 },
    share: 0.9,
    thresholds: [{ share: 0.8, usd: '0.800000000000', isCrossed: true }],
  });
  if (alert === undefined) throw new Error('There is no alert to keep.');
  await raiseAlerts(test.store, [alert], () => ['ops']);
  const attempt = { alertId: alert.id, channel: 'ops', attempt: 1 };
  await claimAttempt(test.store, attempt, 'test', NOW_US);
  await finishAttempt(test.store, attempt, 'test', 'ops answered 500.', NOW_US);
});
afterAll(async () => {
  await reader.close();
  await test[Symbol.asyncDispose]();
});

const rowsSchema = z.array(z.record(z.string(), z.unknown()));

/** The rows of a query, as lines of values. */
async function ask(sql: string): Promise<unknown[][]> {
  return rowsSchema.parse(await reader.rows(sql)).map((row) => Object.values(row));
}

const month = `${yesterday.slice(0, 8)}01`;

/** The rows that each saved query must give. 64-bit numbers and decimals come as strings, so that no digit is lost. */
const answers: Readonly<Record<string, unknown>> = {
  'cost-per-user-and-day': [
    [yesterday, '(unattributed)', 'openai', '1', '0.0035'],
    [yesterday, 'ann', 'openai', '1', '0.0035'],
    [yesterday, 'bob', 'openrouter', '1', '0.0024'],
    [yesterday, 'bob', 'deepseek', '1', '0.0012'],
    [yesterday, 'ann', 'openai', '1', null],
    [before, 'ann', 'anthropic', '1', '0.0045'],
    [before, 'ann', 'openai', '1', '0.0035'],
  ],
  'cost-per-provider-and-day': [
    [yesterday, 'openai', 'gpt-test', '2', '2000', '200', '0.007'],
    [yesterday, 'openrouter', 'router-test', '1', '1000', '100', '0.0024'],
    [yesterday, 'deepseek', 'deepseek-test', '1', '1000', '100', '0.0012'],
    [yesterday, 'openai', 'gpt-test', '1', null, null, null],
    [before, 'anthropic', 'claude-test', '1', '1000', '100', '0.0045'],
    [before, 'openai', 'gpt-test', '1', '1000', '100', '0.0035'],
  ],
  'cost-per-tenant-and-feature': [
    ['acme', 'chat', '5', '1', '0.0127', '0.0127'],
    ['(unattributed)', 'chat', '1', '0', '0.0035', '0'],
    ['globex', 'chat', '1', '0', '0.0024', '0.0024'],
  ],
  'unattributed-spend': [['globex', 'dropped', 'web → gateway', '1', '0', '0.0035']],
  'unknown-costs': [['gateway', 'openai', 'gpt-test', 'no-usage', '1', '0', '0', '6'.padStart(32, '0')]],
  gaps: expect.arrayContaining([
    [
      'dropped',
      'error',
      'tenant',
      'web → gateway',
      '1',
      '0.0035',
      expect.stringContaining(yesterday),
      expect.stringContaining('Propagate'),
    ],
  ]),
  'attribution-per-day': [
    [yesterday, '5', '1', '0.0106', expect.closeTo(0.6698, 4), expect.closeTo(0.6698, 4)],
    [before, '2', '0', '0.008', 1, 1],
  ],
  'policy-spend-per-month': expect.arrayContaining([[month, 'pro', expect.any(String), '1', expect.any(String)]]),
  'cost-disagreements': [['openai', 'gpt-test', '1', '0.0035', '0.007', '0.0035']],
  alerts: [
    [
      expect.any(String),
      'budget-threshold',
      expect.stringContaining('Policy pro'),
      'ops',
      'failed',
      1,
      'ops answered 500.',
    ],
  ],
};

describe('the saved queries', () => {
  const directory = packagePath('deploy', 'clickhouse', 'queries');

  it('each say what they are for, and have an answer here', async () => {
    const names = (await readdir(directory)).map((file) => file.replace(/\.sql$/, ''));
    expect(names.toSorted()).toEqual(Object.keys(answers).toSorted());
    for (const name of names) {
      const text = await readFile(join(directory, `${name}.sql`), 'utf8');
      expect(text, name).toMatch(/^-- [A-Z]/);
    }
  });

  it.each(Object.keys(answers))('answer what they say: %s', async (name) => {
    const sql = await readFile(join(directory, `${name}.sql`), 'utf8');
    expect(await ask(sql.trim().replace(/;$/, ''))).toEqual(answers[name]);
  });
});

it('sends a file as it is, as the README does', async () => {
  const password = (await readFile(join(test.dataDir, 'reader.password'), 'utf8')).trim();
  const response = await fetch(`${test.address.url}/?database=waybill&default_format=PrettyCompact`, {
    method: 'POST',
    headers: { Authorization: `Basic ${Buffer.from(`reader:${password}`).toString('base64')}` },
    body: await readFile(packagePath('deploy', 'clickhouse', 'queries', 'cost-per-user-and-day.sql')),
  });
  expect(await response.text()).toMatch(/bob +│ openrouter/);
});

const panelSchema = z.object({
  title: z.string(),
  datasource: z.object({ type: z.string(), uid: z.string() }),
  targets: z.array(z.object({ rawSql: z.string() })).length(1),
});
const dashboardSchema = z.object({
  uid: z.string(),
  panels: z.array(panelSchema.extend({ id: z.number(), type: z.string() })),
  templating: z.object({ list: z.array(z.object({ name: z.string(), query: z.string(), allValue: z.string() })) }),
});

async function dashboard(name: string) {
  const file = packagePath('deploy', 'grafana', 'dashboards', `${name}.json`);
  return dashboardSchema.parse(JSON.parse(await readFile(file, 'utf8')));
}

const range = { fromMs: (NOW_US - 7 * DAY_US) / 1_000, toMs: NOW_US / 1_000, intervalMs: 3_600_000 };

/** The rows of a panel, as its values; for all tenants unless told otherwise. */
async function panel(name: string, title: string, tenant?: string): Promise<unknown[][]> {
  const { panels, templating } = await dashboard(name);
  const all = templating.list.find((one) => one.name === 'tenant')?.allValue ?? '';
  const sql = panels.find((one) => one.title === title)?.targets[0]?.rawSql ?? '';
  return ask(asGrafanaSends(sql, range, { tenant: tenant === undefined ? all : `'${tenant}'` }));
}

describe('the Grafana dashboards', () => {
  it.each(['overview', 'spend', 'hops'])('have queries that all run as the reader: %s', async (name) => {
    const { panels, templating } = await dashboard(name);
    const { uid } = z
      .object({ datasources: z.tuple([z.object({ uid: z.string() })]) })
      .parse(parse(await readFile(packagePath('deploy/grafana/provisioning/datasources/waybill.yaml'), 'utf8')))
      .datasources[0];
    for (const { title, datasource, targets } of panels) {
      expect(datasource).toEqual({ type: 'grafana-clickhouse-datasource', uid });
      for (const { rawSql } of targets) {
        await ask(asGrafanaSends(rawSql, range, { tenant: "'acme'" }));
        for (const tenant of ['tenant', "'acme','globex'"]) {
          expect((await ask(asGrafanaSends(rawSql, range, { tenant }))).length, title).toBeGreaterThan(0);
        }
      }
    }
    for (const { query } of templating.list) expect(await ask(query)).toEqual([['acme'], ['globex']]);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });

  it('have the score of the API, beside the row level', async () => {
    const window = { fromUs: NOW_US - 7 * DAY_US, toUs: NOW_US };
    const { score } = scoreOf(await tallyCalls(test.store, {}, window));
    expect(await panel('overview', 'Score')).toEqual([[expect.closeTo(score ?? Number.NaN, 9)]]);
    expect(await panel('overview', 'Row level')).toEqual([[expect.closeTo(0.0151 / 0.0186, 9)]]);
    expect(await panel('overview', 'Known spend', 'acme')).toEqual([[expect.closeTo(0.0127, 12)]]);
    expect(await panel('overview', 'Calls of unknown cost')).toEqual([['1']]);
    // What globex lost on the way bears on globex.
    expect(await panel('overview', 'Known spend', 'globex')).toEqual([[expect.closeTo(0.0059, 12)]]);
  });

  it('have the hop at which a tenant was lost, and spend by user and day', async () => {
    expect(await panel('hops', 'Hops, most spend first')).toEqual([
      ['web → gateway', '7', expect.closeTo(0.0186, 12), expect.closeTo(0.0035 / 0.0186, 9), 0, 0],
    ]);
    expect(await panel('spend', 'Cost per user and day')).toEqual([
      [yesterday, '(unattributed)', 'openai', '1', '0', expect.closeTo(0.0035, 12)],
      [yesterday, 'ann', 'openai', '2', '1', expect.closeTo(0.0035, 12)],
      [yesterday, 'bob', 'openrouter', '1', '0', expect.closeTo(0.0024, 12)],
      [yesterday, 'bob', 'deepseek', '1', '0', expect.closeTo(0.0012, 12)],
      [before, 'ann', 'anthropic', '1', '0', expect.closeTo(0.0045, 12)],
      [before, 'ann', 'openai', '1', '0', expect.closeTo(0.0035, 12)],
    ]);
  });
});

describe('the user of one tenant', () => {
  const numbers = async (store: Store): Promise<number[]> => {
    const rows = await store.rows('SELECT trace_id FROM calls FINAL ORDER BY trace_id');
    return z
      .array(z.object({ trace_id: z.string() }))
      .parse(rows)
      .map(({ trace_id: id }) => Number.parseInt(id, 16));
  };

  it('sees the calls on which it stands and nobody else does, as they are audited now, and nothing but calls', async () => {
    await using acme = connectStore({ ...test.address, username: 'acme', password: 'secret of acme' });
    expect(await numbers(acme)).toEqual([1, 2, 3, 6, 7]);
    const moved: Made = { number: 8, at: YESTERDAY_US, carried: whose('acme'), ...openai };
    await storeAudits(test.store, judged, [spansOf(moved)], NOW_US + 1_000_000);
    expect(await numbers(acme)).toEqual([1, 2, 3, 6, 7, 8]);
    await storeAudits(test.store, judged, [spansOf({ ...moved, carried: whose('globex') })], NOW_US + 2_000_000);
    expect(await numbers(acme)).toEqual([1, 2, 3, 6, 7]);
    expect(await numbers(test.store)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    for (const table of ['spans', 'audits', 'keys']) {
      await expect(acme.rows(`SELECT count() FROM ${table}`)).rejects.toThrow(/privileges/);
    }
  });
});
