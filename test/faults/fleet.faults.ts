import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import * as z from 'zod';
import type { Store, StoreAddress } from '../../collector/store/client.js';
import { connectStore } from '../../collector/store/client.js';
import type { TestCluster } from '../support/cluster.js';
import { startTestCluster } from '../support/cluster.js';
import type { RunningWaybill, WaybillPlace } from '../support/waybill.js';
import { startWaybill, startWaybillAt, waybillPlace } from '../support/waybill.js';
import { requestsOf, sendUntilTaken } from './fleet-load.js';
import { kill } from './kill.js';

const SENDERS = 3;
const PAUSE_MS = 40;

/** A process of the fleet, that can be killed and started again where it was. */
interface Member {
  running: RunningWaybill;
  readonly restart: () => Promise<void>;
  readonly kill: () => Promise<void>;
  readonly end: () => Promise<void>;
}

async function startMember(flags: readonly string[], { address }: TestCluster): Promise<Member> {
  const place: WaybillPlace = await waybillPlace();
  const env = { CLICKHOUSE_URL: urlWithUser(address), WAYBILL_CLICKHOUSE_CLUSTER: address.cluster };
  const start = (): Promise<RunningWaybill> => startWaybillAt(place, flags, process.execPath, env);
  const member: Member = {
    running: await start(),
    restart: async () => {
      member.running = await start();
    },
    kill: () => kill(member.running.child),
    end: async () => {
      await member.running[Symbol.asyncDispose]();
      await rm(place.dataDir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  return member;
}

function urlWithUser({ url, username, password, database }: StoreAddress): string {
  return `${url.replace('//', `//${username}:${password}@`)}/${database}`;
}

const countSchema = z.tuple([z.object({ traces: z.coerce.number() })]);

/** Waits until every trace is audited with all of its spans. */
async function settled(store: Store, traces: number): Promise<void> {
  await expect
    .poll(
      async () => {
        const rows = await store.rows(`
          SELECT count() AS traces
          FROM (SELECT trace_id, uniqExact(span_id) AS stored FROM spans GROUP BY trace_id) AS kept
          INNER JOIN (SELECT trace_id, spans FROM audits FINAL) AS done ON done.trace_id = kept.trace_id AND done.spans = kept.stored`);
        return countSchema.parse(rows)[0].traces;
      },
      { timeout: 180_000, interval: 1_000 },
    )
    .toBe(traces);
}

/** All that was found, call by call. */
async function callsOf(store: Store): Promise<unknown[]> {
  return store.rows(`
    SELECT
        trace_id, span_id, verdict, toString(cost_usd) AS cost, tenant, tenant_outcome, feature_outcome, policy_outcome,
        misattributed, route, arraySort(finding_rules) AS rules
    FROM calls FINAL
    ORDER BY trace_id, span_id`);
}

/** Shares are sums of floating point, whose last digits go by the order of the calls; times go by when it is asked. */
function rounded(answer: unknown): unknown {
  return JSON.parse(
    JSON.stringify(answer, (key, value: unknown) => {
      if (key === 'from' || key === 'to') return undefined;
      return typeof value === 'number' ? Number(value.toPrecision(12)) : value;
    }),
  );
}

const QUESTIONS = ['score', 'spend?by=tenant,feature', 'gaps', 'hops', 'routes', 'policies', 'gate?keep=false'];

it('a fleet whose receiver, auditor and shard are killed under load finds what one process finds', async () => {
  await using cluster = await startTestCluster(2);
  const started: Member[] = [];
  const start = async (...flags: string[]): Promise<Member> => {
    const member = await startMember(flags, cluster);
    started.push(member);
    return member;
  };
  const over = new AbortController();
  try {
    const api = await start('--role', 'api');
    const [first, second] = [await start('--role', 'receiver'), await start('--role', 'receiver')];
    const [one, two] = [
      await start('--role', 'auditor', '--shard', '1/2'),
      await start('--role', 'auditor', '--shards', '2', '--shard', '2/2'),
    ];
    const urls = (): string[] => [first, second].map(({ running }) => `${running.otlpUrl}/v1/traces`);

    let number = 0;
    const tally = { taken: 0, refused: 0, cut: 0 };
    const senders = Array.from({ length: SENDERS }, async () => {
      while (!over.signal.aborted) {
        number += 1;
        for (const [i, body] of requestsOf(number).entries()) await sendUntilTaken(urls, number + i, body, tally);
        await sleep(PAUSE_MS);
      }
    });
    const sending = Promise.all(senders);
    const more = async (requests: number): Promise<void> => {
      const before = tally.taken;
      await expect.poll(() => tally.taken, { timeout: 120_000 }).toBeGreaterThan(before + requests);
    };

    await more(100);
    await second.kill();
    await more(50);
    await second.restart();
    await more(50);
    await two.kill();
    await more(50);
    process.kill(cluster.engines[1]?.pid() ?? Number.NaN, 'SIGKILL');
    await more(100);
    // Nobody has told the other auditor: it sees that nothing is done there.
    await expect.poll(() => sharesHelped(one), { timeout: 120_000, interval: 1_000 }).toBe(1);
    await two.restart();
    await expect.poll(() => sharesHelped(one), { timeout: 120_000, interval: 1_000 }).toBe(0);
    await more(50);
    over.abort();
    await sending;
    console.log(`${number} traces, ${tally.taken} requests taken, ${tally.refused} refused, ${tally.cut} cut`);
    expect(tally.refused + tally.cut).toBeGreaterThan(0);

    await using all = connectStore(cluster.address);
    await settled(all, number);
    await using alone = await startWaybill();
    const tellAlone = { taken: 0, refused: 0, cut: 0 };
    for (let n = 1; n <= number; n += 1) {
      for (const body of requestsOf(n)) await sendUntilTaken(() => [`${alone.otlpUrl}/v1/traces`], 0, body, tellAlone);
    }
    const password = (await readFile(join(alone.dataDir, 'waybill.password'), 'utf8')).trim();
    await using single = connectStore({ url: alone.clickHouseUrl, username: 'waybill', password, database: 'waybill' });
    await settled(single, number);

    const calls = await callsOf(all);
    expect(calls).toEqual(await callsOf(single));
    expect(calls.length).toBeGreaterThan(number);
    for (const question of QUESTIONS) {
      const answer = rounded(await api.running.ask(`/v1/${question}`));
      expect([question, answer]).toEqual([question, rounded(await alone.ask(`/v1/${question}`))]);
    }
    console.log('score', JSON.stringify(rounded(await api.running.ask('/v1/score'))).slice(0, 300));
  } finally {
    over.abort();
    for (const member of started) await member.end();
  }
});

async function sharesHelped({ running }: Member): Promise<number> {
  const text = await (await fetch(`${running.apiUrl}/metrics`)).text();
  return Number(/^waybill_audit_shares_helped (\d+)/m.exec(text)?.[1]);
}
