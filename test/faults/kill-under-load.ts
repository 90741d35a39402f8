import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { childOf } from '../bench/processes.js';
import { seededRandom } from '../support/random.js';
import type { RunningWaybill, WaybillPlace } from '../support/waybill.js';
import { startWaybillAt, waybillPlace } from '../support/waybill.js';
import { ended } from './kill.js';
import type { Balance, Ledger } from './ledger.js';
import { settleLedger, startLedgerLoad, storeOf } from './ledger.js';

/** Who is killed in a round. */
export type Victim = 'waybill' | 'clickhouse' | 'both';

/** What came of it. */
export interface Aftermath {
  readonly kills: Readonly<Record<Victim, number>>;
  readonly ledger: Ledger;
  readonly balance: Balance;
  readonly seconds: number;
}

/**
 * Kills one after the other with SIGKILL, at random moments and under load that never pauses, and starts again what
 * was killed, as a supervisor would; then compares what is stored with what the senders know.
 *
 * @param longestWaitMs from the moment at which all is well again to the next kill, at most
 * @param boundMs no kill begins later
 */
export async function killUnderLoad(
  victims: readonly Victim[],
  { seed, longestWaitMs, boundMs }: { seed: number; longestWaitMs: number; boundMs: number },
): Promise<Aftermath> {
  const random = seededRandom(seed);
  const place = await waybillPlace();
  const startedMs = performance.now();
  const kills = { waybill: 0, clickhouse: 0, both: 0 };
  let running = await startWaybillAt(place);
  const load = startLedgerLoad(`${running.otlpUrl}/v1/traces`);
  try {
    for (const victim of victims) {
      if (performance.now() - startedMs > boundMs) break;
      await sleep(random() * longestWaitMs);
      running = await kill(victim, running, place, random() < 0.5);
      kills[victim] += 1;
    }
    await load.stop();
    await using store = await storeOf(running);
    const balance = await settleLedger(store, load.ledger);
    return { kills, ledger: load.ledger, balance, seconds: (performance.now() - startedMs) / 1_000 };
  } finally {
    load.abandon();
    await running[Symbol.asyncDispose]();
    await rm(place.dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Kills, waits until all is well again, and returns the Waybill that runs then. */
async function kill(
  victim: Victim,
  running: RunningWaybill,
  place: WaybillPlace,
  isDatabaseFirst: boolean,
): Promise<RunningWaybill> {
  const { child } = running;
  const waybillPid = child.pid ?? Number.NaN;
  const databasePid = childOf(waybillPid);
  if (victim === 'clickhouse') {
    process.kill(databasePid, 'SIGKILL');
    await ready(running);
    return running;
  }
  const gone = once(child, 'exit');
  const pids = victim === 'waybill' ? [waybillPid] : [waybillPid, databasePid];
  for (const pid of isDatabaseFirst ? pids.toReversed() : pids) process.kill(pid, 'SIGKILL');
  await gone;
  // It notices that its parent is gone; the next one could not have its ports before.
  await ended(databasePid);
  return startWaybillAt(place);
}

async function ready({ apiUrl }: RunningWaybill): Promise<void> {
  for (let i = 0; i < 600; i += 1) {
    // A readiness that was asked of the database that dies would say nothing of the next one.
    await sleep(50);
    const answer = await fetch(`${apiUrl}/readyz`);
    await answer.arrayBuffer();
    if (answer.ok) return;
  }
  throw new Error('ClickHouse did not come back within 30 s.');
}

/** What came of it, in a line. */
export function figuresOf({ kills, ledger, balance, seconds }: Aftermath): string {
  const { waybill, clickhouse, both } = kills;
  return (
    `${waybill} kills of Waybill, ${clickhouse} of ClickHouse, ${both} of both in ${seconds.toFixed(0)} s: ` +
    `${ledger.acknowledged.size} traces of ${balance.spans} spans acknowledged after ${ledger.refused} refusals and ` +
    `${ledger.cut} cut connections, ${balance.rowsAgain} rows written again; ${balance.lost.length} lost, ` +
    `${balance.unaudited.length} not audited, ${balance.miscounted.length} counted wrong, ` +
    `cost off by ${balance.over.costPico} * 10^-12 USD`
  );
}
