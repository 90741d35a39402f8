import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import * as z from 'zod';
import { reaudit } from '../../../collector/audit/reaudit.js';
import type { AuditLoop } from '../../../collector/audit/loop.js';
import { startAuditLoop } from '../../../collector/audit/loop.js';
import { readAuditLog, writeAuditLog } from '../../../collector/keys/audit-log.js';
import { createKey, listKeys } from '../../../collector/keys/manage.js';
import type { Subject } from '../../../collector/store/forget.js';
import { countStored, forget } from '../../../collector/store/forget.js';
import { writePayloads } from '../../../collector/store/payloads.js';
import type { Span } from '../../../schemas/span.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { gatewayRecord } from '../../support/record.js';
import type { TestSpanWriter } from '../../support/span-rows.js';
import { startTestWriter } from '../../support/span-rows.js';
import { clean, trace } from '../../support/trace.js';
import { waybill } from '../../support/waybill.js';

const TENANT = 'zq7-forget.me+"quoted"';
const USER = "zq7-o'user@example.org";
const tenant: Subject = { kind: 'tenant', value: TENANT, keys: ['tenant.id', 'customer_id'] };
const user: Subject = { kind: 'user', value: USER, keys: ['user.id'] };

const byContract = contract({ attributes: { tenant: { aliases: ['customer_id'] } } });
let nowUs = Math.floor(Date.now() / 1_000) * 1_000_000;
const startUs = nowUs - 60_000_000;
const span = { startUs, endUs: startUs + 900_000 };
const gone = { ...clean, tenant: TENANT };
const globex = { ...clean, tenant: 'globex' };

let test: TestStore;
let writer: TestSpanWriter;
let loop: AuditLoop;
beforeAll(async () => {
  test = await startTestStore();
  writer = startTestWriter({ store: test.store, clockUs: () => nowUs, minGapMs: 1 });
  loop = startAuditLoop({
    store: test.store,
    contract: byContract,
    clockUs: () => nowUs,
    log: pino({ level: 'silent' }),
    intervalMs: 0,
  });
  await write(
    // Its own.
    trace(1).station('web', gone, span).call('gpt-4o', undefined, { span }).spans,
    // Its own, but for the call, which lost it.
    trace(2).station('web', gone, span).station('agent', {}, span).call('gpt-4o', undefined, { span }).spans,
    // Another's.
    trace(3).station('web', globex, span).call('gpt-4o', undefined, { span }).spans,
    // One call each.
    shared(),
    // Another's call, which began as its own.
    trace(5).station('web', gone, span).station('agent', globex, span).call('gpt-4o', undefined, { span }).spans,
    // Another's call, in which it is named besides, and a credential that may speak for both.
    trace(6)
      .station('web', globex, span)
      .call('gpt-4o', undefined, {
        span: {
          ...span,
          attributes: ['tenant.id', 'globex', 'customer_id', TENANT, 'waybill.credential.tenants', `["${TENANT}"]`],
        },
      }).spans,
    trace(7)
      .station('web', { ...globex, user: USER }, span)
      .call('gpt-4o', undefined, { span }).spans,
  );
  const vouched = ['tenant.id', TENANT, 'feature.id', 'chat'];
  await writePayloads(
    test.store,
    [
      gatewayRecord({ ...span, recordId: 'alone', vouched }),
      gatewayRecord({ ...span, recordId: 'another', vouched: ['tenant.id', 'globex'], facts: { responseId: 'y' } }),
    ],
    nowUs,
  );
  await settle();
  await settle();
  await keepTexts();
});
afterAll(async () => {
  await loop.stop();
  await writer.stop();
  await test[Symbol.asyncDispose]();
});

function shared(): readonly Span[] {
  const web = trace(4).station('web', globex, span);
  web.station('tool', gone, span).call('gpt-4o', undefined, { span });
  return web.call('gpt-4o', undefined, { span }).spans;
}

async function write(...traces: (readonly Span[])[]): Promise<void> {
  for (const spans of traces) await writer.write(spans);
}

async function settle(): Promise<void> {
  nowUs += 6_000_000;
  await loop.sweep();
}

/** What is kept of it besides: answers, alerts, keys, the audit log. */
async function keepTexts(): Promise<void> {
  const { store } = test;
  const evidence = (name: string): string => JSON.stringify({ scope: { tenant: name }, said: `'${TENANT}' is late` });
  for (const name of [TENANT, 'globex']) {
    await store.command(
      `INSERT INTO gates (asked_at, tenant, answer, evidence) VALUES (now64(6), {name: String}, 'ready', {evidence: String})`,
      { name, evidence: evidence(name) },
    );
    await store.command(
      `INSERT INTO alerts (id, kind, tenant, raised_at, message) VALUES ({id: String}, 'gate-lost', {name: String}, now64(6), {message: String})`,
      { id: `gate-lost ${name}`, name, message: `Less than '${TENANT}', by far` },
    );
    await store.command(
      `INSERT INTO alert_attempts (alert_id, channel, attempt, updated_at) VALUES ({id: String}, 'ops', 1, now64(6))`,
      { id: `gate-lost ${name}` },
    );
    const why = `'${TENANT}' asked for it`;
    await store.command(
      `INSERT INTO rollouts (tenant, policy, mode, who, why, at) VALUES ({name: String}, '*', 'shadow', 'ops', {why: String}, now64(6))`,
      { name, why },
    );
    await store.command(
      `INSERT INTO decisions (day, id, decided_at, tenant, call_id) VALUES (today(), {id: String}, now64(6), {name: String}, {call: String})`,
      { id: name.padStart(32, '0').slice(-32), name, call: `request of ${TENANT}` },
    );
    await store.command(
      `INSERT INTO rollout_states (tenant, since, mode, why, blocker) VALUES ({name: String}, now64(6), 'shadow', {why: String}, {why: String})`,
      { name, why },
    );
  }
  const services = ['*'];
  await createKey(store, { name: `for ${TENANT}`, role: 'ingest', tenants: [TENANT], services }, nowUs);
  await createKey(
    store,
    { name: 'for both', role: 'ingest', tenants: [TENANT, 'globex'], services },
    nowUs + 1_000_000,
  );
  await writeAuditLog(store, { actor: 'cli', action: 'gate-asked', detail: `${TENANT}, ${USER}` }, nowUs);
}

/** Every column of every table that can hold a text which holds this one, read row by row. */
async function columnsWith(text: string): Promise<string[]> {
  const columns = z
    .array(z.object({ table: z.string(), name: z.string() }))
    .parse(
      await test.store.rows(
        "SELECT table, name FROM system.columns WHERE database = currentDatabase() AND type LIKE '%String%' AND table NOT LIKE '%\\_of\\_%'",
      ),
    );
  expect(columns.length).toBeGreaterThan(90);
  const found: string[] = [];
  const needles = [text, JSON.stringify(text).slice(1, -1)];
  for (const table of new Set(columns.map((column) => column.table))) {
    const names = columns.filter((column) => column.table === table).map(({ name }) => name);
    const holds = names.map(
      (name) =>
        `max(multiSearchAny(toJSONString(\`${name}\`), {needles: Array(String)}) OR multiSearchAny(toString(\`${name}\`), {needles: Array(String)}))`,
    );
    const [row] = z
      .array(z.object({ holds: z.array(z.number()) }))
      .parse(await test.store.rows(`SELECT [${holds.join(', ')}] AS holds FROM ${table}`, { needles }));
    found.push(...names.filter((_, i) => row?.holds[i] === 1).map((name) => `${table}.${name}`));
  }
  return found;
}

async function spend(): Promise<unknown[]> {
  return test.store.rows(
    "SELECT tenant, toUInt32(count()) AS calls, sum(cost_usd) AS usd, toUInt32(countIf(misattributed)) AS wrong FROM calls FINAL WHERE tenant NOT IN ('', {tenant: String}) GROUP BY tenant ORDER BY tenant",
    { tenant: TENANT },
  );
}

async function auditAgain(): Promise<void> {
  const window = { fromUs: startUs - 86_400_000_000, toUs: nowUs };
  nowUs += 1_000_000;
  const { store } = test;
  await reaudit({ store, before: byContract, after: byContract, window, isWritten: true, clockUs: () => nowUs });
}

it('counts without deleting, deletes a tenant for good, and leaves what is spent by others as it was', async () => {
  const before = await spend();
  expect(before).toHaveLength(1);
  expect(await columnsWith(TENANT)).toEqual(
    expect.arrayContaining([
      'spans.attributes',
      'calls.tenant',
      'payloads.record',
      'gates.evidence',
      'keys.tenants',
      'decisions.call_id',
      'rollouts.tenant',
      'rollout_states.blocker',
    ]),
  );
  const counted = await countStored(test.store, tenant);
  expect(counted).toMatchObject({ sharedTraces: 3, gates: 1, alerts: 1, records: 1 });
  expect(await countStored(test.store, tenant)).toEqual(counted);

  expect(await forget(test.store, tenant)).toEqual(counted);

  expect(await columnsWith(TENANT)).toEqual([]);
  expect(await spend()).toEqual(before);
  expect(await countStored(test.store, tenant)).toMatchObject({ traces: 0, sharedTraces: 0, calls: 0, spans: 0 });
  const keys = await listKeys(test.store);
  expect(keys.map(({ tenants, isRevoked }) => ({ tenants, isRevoked }))).toEqual([
    { tenants: [], isRevoked: true },
    { tenants: ['globex'], isRevoked: false },
  ]);
});

it('is not undone by another audit, nor by another sweep', async () => {
  const before = await spend();
  await auditAgain();
  nowUs += 6_000_000;
  await settle();
  expect(await columnsWith(TENANT)).toEqual([]);
  expect(await spend()).toEqual(before);
});

it('keeps the value in no statement and leaves no table of its own', async () => {
  const rows = await test.store.rows("SELECT command FROM system.mutations WHERE command LIKE '%forgetting%'");
  expect(rows.length).toBeGreaterThan(5);
  expect(JSON.stringify(rows)).not.toContain('zq7');
  expect(await test.store.rows("SELECT name FROM system.tables WHERE name LIKE 'forgetting%'")).toEqual([]);
});

it('is asked for at the command line, where the audit log tells of it without the name', async () => {
  await write(trace(8).station('web', gone, span).call('gpt-4o', undefined, { span }).spans);
  await settle();
  const { url, username, password } = test.address;
  const env = { CLICKHOUSE_URL: `${url.replace('//', `//${username}:${password}@`)}/waybill` };
  const run = async (...flags: string[]): ReturnType<typeof waybill> => waybill(['forget', ...flags], { env });

  const dry = await run('--tenant', TENANT, '--dry-run');
  expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining('Would delete 1 traces: 2 spans, 1 calls') });
  expect((await run('--tenant', TENANT, '--format', 'json')).stdout).toContain('"isDeleted": true');
  expect(await run()).toMatchObject({ code: 2, stderr: expect.stringContaining('Say whom to forget') });
  expect(await run('--tenant', 'a', '--user', 'b')).toMatchObject({ code: 2 });

  const log = await readAuditLog(test.store, 100);
  const told = log.filter(({ action }) => action === 'forgotten');
  expect(told.map(({ detail }) => detail)).toEqual([
    expect.stringMatching(/^tenant with SHA-256 [0-9a-f]{64}: 1 traces, 1 calls$/),
  ]);
  expect(await columnsWith(TENANT)).toEqual([]);
});

it('forgets a user, and not the tenant of the same trace', async () => {
  expect(await columnsWith(USER)).toEqual(expect.arrayContaining(['spans.attributes', 'calls.user']));
  expect(await forget(test.store, user)).toMatchObject({ traces: 1, calls: 1 });
  expect(await columnsWith(USER)).toEqual([]);
  expect(await test.store.rows("SELECT 1 FROM calls FINAL WHERE tenant = 'globex'")).toHaveLength(5);
});
