import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { Store } from '../../collector/store/client.js';
import { connectStore } from '../../collector/store/client.js';
import type { RunningWaybill } from '../support/waybill.js';
import { startWaybill } from '../support/waybill.js';
import { childOf } from './processes.js';

/** A built Waybill in processes of its own, with a way to ask its ClickHouse what came of the load. */
export interface MeasuredWaybill extends AsyncDisposable {
  readonly running: RunningWaybill;
  readonly store: Store;
  readonly tracesUrl: string;
  readonly nodePid: number;
  readonly clickHousePid: number;
  /** Resolves when every trace that was sent is audited. @throws Error where that takes minutes */
  readonly caughtUp: () => Promise<void>;
}

/** Quiet period of the Waybill that is measured, seconds. */
export const QUIET_SECONDS = 1;

const PATIENCE_MS = 600_000;

const behindSchema = z.tuple([z.object({ behind: z.coerce.number() })]);

/**
 * Starts it in a temporary directory; disposing of it ends it and removes its data. Linux only.
 *
 * @param quietSeconds quiet period
 * @param flags what else `waybill serve` is told
 */
export async function startMeasuredWaybill(
  quietSeconds: number = QUIET_SECONDS,
  flags: readonly string[] = [],
): Promise<MeasuredWaybill> {
  const running = await startWaybill(['--quiet', `${quietSeconds}s`, ...flags]);
  const password = await readFile(join(running.dataDir, 'waybill.password'), 'utf8');
  const address = { url: running.clickHouseUrl, username: 'waybill', password: password.trim(), database: 'waybill' };
  const store = connectStore(address);
  const nodePid = running.child.pid ?? Number.NaN;
  return {
    running,
    store,
    tracesUrl: `${running.otlpUrl}/v1/traces`,
    nodePid,
    clickHousePid: childOf(nodePid),
    caughtUp: async () => {
      const patience = performance.now() + PATIENCE_MS;
      while ((await tracesBehind(store)) > 0) {
        if (performance.now() > patience) throw new Error('The audit does not catch up.');
        await sleep(250);
      }
    },
    [Symbol.asyncDispose]: async () => {
      await store.close();
      await running[Symbol.asyncDispose]();
    },
  };
}

/** Traces of which no audit has seen the newest arrival. */
async function tracesBehind(store: Store): Promise<number> {
  const [{ behind }] = behindSchema.parse(
    await store.rows(`
    SELECT count() AS behind
    FROM (SELECT trace_id, max(received_at) AS newest FROM arrivals GROUP BY trace_id) AS arrived
    LEFT JOIN (SELECT trace_id, argMax(seen, audited_at) AS seen FROM audits GROUP BY trace_id) AS audited
        ON audited.trace_id = arrived.trace_id
    WHERE NOT has(audited.seen, arrived.newest)`),
  );
  return behind;
}
