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
import { cpuSecondsOf } from './processes.js';
import { answerOf, endOf, quantile, urlOfServer } from './start-load.js';

/** What to evaluate, how fast, and for how long. */
export interface Evaluating {
  readonly url: string;
  readonly key: string;
  readonly perSecond: number;
  readonly ms: number;
}

/** How long each evaluation took, and how many there were a second. */
export interface Evaluated {
  readonly latenciesMs: readonly number[];
  readonly perSecond: number;
}

const TENANTS = 1_000;
const RUN_MS = 5_000;
const WARM_UP_MS = 2_000;
/** What was written into ClickHouse, keys too, is known in a running Waybill by then. */
const KNOWN_MS = 5_000;

/** The tenant of the evaluation with this number. */
export function tenantOf(i: number): string {
  return `tenant-${i % TENANTS}`;
}

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
  const child = fork(packagePath('dist/test/bench/ofrep-load.js'));
  try {
    const order: Evaluating = {
      url: `${waybill.running.apiUrl}/ofrep/v1/evaluate/flags/waybill.enforcement`,
      key,
      perSecond: 2_000,
      ms: RUN_MS,
    };
    const yardstick = { ...order, url: await urlOfServer(constant) };
    for (const one of [order, yardstick]) await answerOf<Evaluated>(child, { ...one, ms: WARM_UP_MS });
    const [ours, bare]: [Evaluated[], Evaluated[]] = [[], []];
    const cpuMicros: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      bare.push(await answerOf<Evaluated>(child, yardstick));
      const before = cpuSecondsOf(waybill.nodePid);
      const outcome = await answerOf<Evaluated>(child, order);
      cpuMicros.push((1e6 * (cpuSecondsOf(waybill.nodePid) - before)) / outcome.latenciesMs.length);
      ours.push(outcome);
    }
    return [
      ...waits('of evaluations, 2,000/s', ours),
      ...waits('of answers of a constant by node:http alone, 2,000/s', bare),
      figure(
        'evaluations that were made',
        '/s',
        ours.map(({ perSecond }) => perSecond),
      ),
      figure('CPU of Node for an evaluation, all else that it does included', 'µs', cpuMicros),
    ];
  } finally {
    await endOf(child);
    await endOf(constant);
  }
}

function waits(of: string, outcomes: readonly Evaluated[]): Figure[] {
  return [0.5, 0.99].map((share) =>
    figure(
      `wait, ${share * 100} % ${of}`,
      'ms',
      outcomes.map(({ latenciesMs }) => quantile(latenciesMs, share)),
    ),
  );
}

/** Enforcement is asked for everybody, and the gate was ready for one tenant in two. */
async function rollOut(store: Store, nowUs: number): Promise<void> {
  const at = isoMicros(nowUs);
  await writeRollout(store, { tenant: '*', policy: '*', mode: 'enforce', who: 'bench', why: 'to measure', at });
  const states = Array.from({ length: TENANTS }, (_, i) => {
    const isOpen = i % 2 === 0;
    return {
      ...({ tenant: tenantOf(i), policy: null, asked: 'enforce', sinceUs: nowUs, why: '' } as const),
      mode: isOpen ? ('enforce' as const) : ('shadow' as const),
      lock: { isOpen, gate: 'ready', blocker: '', turnedUs: nowUs, answeredUs: nowUs } as const,
    };
  });
  await writeStates(store, states);
}
