import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
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
}

/** Quiet period of the Waybill that is measured, seconds. */
export const QUIET_SECONDS = 1;

/** Starts it in a temporary directory; disposing of it ends it and removes its data. Linux only. */
export async function startMeasuredWaybill(): Promise<MeasuredWaybill> {
  const running = await startWaybill(['--quiet', `${QUIET_SECONDS}s`]);
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
    [Symbol.asyncDispose]: async () => {
      await store.close();
      await running[Symbol.asyncDispose]();
    },
  };
}
