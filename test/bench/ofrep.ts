import { fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { packagePath } from '../../collector/package-path.js';
import { isoMicros } from '../../auditor/iso-micros.js';
import { createKey } from '../../collector/keys/manage.js';
import { writeRollout, writeStates } from '../../collector/rollout/stored.js';
import type { Store } from '../../collector/store/client.js';
import type { Figure } from './figure.js';
import { figure } from './figure.js';
import { startMeasuredWaybill } from './measured-waybill.js';
import type { Asking, Outcome } from './asking.js';
import { cpuMicrosOf, startAsker, waits } from './asking.js';
import { endOf, urlOfServer } from './start-load.js';

const TENANTS = 1_000;
const RUN_MS = 5_000;
const WARM_UP_MS = 2_000;
/** What was written into ClickHouse, keys too, is known in a running Waybill by then. */
const KNOWN_MS = 5_000;

/**
 * How long an OpenFeature evaluation takes at 2,000 a second, with a key that is checked for each: 1,000 tenants of which
 * the gate has spoken. Who asks is a process of its own. In turns with it the same is asked of a server that answers a
 * constant: what that one waits, too, is the machine's and the asking process's own.
 */
export async function benchOfrep(runs = 5): Promise<readonly Figure[]> {
  await using waybill = await startMeasuredWaybill();
  const nowUs = Date.now() * 1_000;
  await rollOut(waybill.store, nowUs);
  const wanted = { name: 'bench', role: 'read', tenants: ['*'], services: ['*'] } as const;
  const { key } = await createKey(waybill.store, wanted, nowUs);
  await sleep(KNOWN_MS);
  const constant = fork(packagePath('dist/test/bench/answer-constant.js'));
  await using asker = startAsker();
  try {
    const ours: Asking = {
      url: `${waybill.running.apiUrl}/ofrep/v1/evaluate/flags/waybill.enforcement`,
      key,
      bodies: Array.from({ length: TENANTS }, (_, i) =>
        JSON.stringify({ context: { targetingKey: `request-${i}`, tenant: `tenant-${i}`, feature: 'chat' } }),
      ),
      pace: { perSecond: 2_000 },
      ms: RUN_MS,
    };
    const bare = { ...ours, url: `${await urlOfServer(constant)}/` };
    for (const one of [ours, bare]) await asker.ask({ ...one, ms: WARM_UP_MS });
    const [evaluated, constants]: [Outcome[], Outcome[]] = [[], []];
    const [cpuMicros, bareCpuMicros]: [number[], number[]] = [[], []];
    for (let run = 0; run < runs; run += 1) {
      bareCpuMicros.push(await cpuMicrosOf(constant.pid ?? Number.NaN, asker, bare, constants));
      cpuMicros.push(await cpuMicrosOf(waybill.nodePid, asker, ours, evaluated));
    }
    return [
      ...waits('of evaluations, 2,000/s', evaluated),
      ...waits('of answers of a constant by node:http alone, 2,000/s', constants),
      figure(
        'evaluations that were made',
        '/s',
        evaluated.map(({ perSecond }) => perSecond),
      ),
      figure('CPU of Node for an evaluation, all else that it does included', 'µs', cpuMicros),
      figure('CPU of node:http alone for an answer of a constant', 'µs', bareCpuMicros),
    ];
  } finally {
    await endOf(constant);
  }
}

/** Enforcement is asked for everybody, and the gate was ready for one tenant in two. */
async function rollOut(store: Store, nowUs: number): Promise<void> {
  const at = isoMicros(nowUs);
  await writeRollout(store, { tenant: '*', policy: '*', mode: 'enforce', who: 'bench', why: 'to measure', at });
  const states = Array.from({ length: TENANTS }, (_, i) => {
    const isOpen = i % 2 === 0;
    return {
      ...({ tenant: `tenant-${i}`, policy: null, asked: 'enforce', sinceUs: nowUs, why: '' } as const),
      mode: isOpen ? ('enforce' as const) : ('shadow' as const),
      lock: { isOpen, gate: 'ready', blocker: '', turnedUs: nowUs, answeredUs: nowUs } as const,
    };
  });
  await writeStates(store, states);
}
