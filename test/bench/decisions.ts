import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isoMicros } from '../../auditor/iso-micros.js';
import { createKey } from '../../collector/keys/manage.js';
import { writeRollout, writeStates } from '../../collector/rollout/stored.js';
import type { Store } from '../../collector/store/client.js';
import type { Asking, Outcome } from './asking.js';
import { cpuMicrosOf, startAsker, waits } from './asking.js';
import type { Figure } from './figure.js';
import { figure } from './figure.js';
import { QUIET_SECONDS, startMeasuredWaybill } from './measured-waybill.js';

const MODES = ['enforce', 'shadow'] as const;
const RUN_MS = 3_000;
/** What was written into ClickHouse, keys too, is known in a running Waybill by then. */
const KNOWN_MS = 5_000;

/** One policy, whose limit nobody reaches. */
const POLICY = 'plenty';
const CONTRACT = `policies: [{ id: ${POLICY}, limit: { usd: 1000000, per: month } }]`;

/**
 * How long a decision takes with 20 and with 200 callers, each of which asks again as soon as it is answered: in `enforce`,
 * where the reservation is durable before the answer, and in `shadow`, where nobody waits for it.
 */
export async function benchDecisions(runs = 3): Promise<readonly Figure[]> {
  const dir = await mkdtemp(join(tmpdir(), 'waybill-bench-'));
  try {
    const contract = join(dir, 'contract.yaml');
    await writeFile(contract, CONTRACT);
    await using waybill = await startMeasuredWaybill(QUIET_SECONDS, ['--contract', contract]);
    const nowUs = Date.now() * 1_000;
    await rollOut(waybill.store, nowUs);
    const wanted = { name: 'bench', role: 'ingest', tenants: ['*'], services: ['*'] } as const;
    const { key } = await createKey(waybill.store, wanted, nowUs);
    await sleep(KNOWN_MS);
    await using asker = startAsker();
    const figures: Figure[] = [];
    for (const mode of MODES) {
      for (const callers of [20, 200]) {
        const asking: Asking = {
          url: `${waybill.running.apiUrl}/v1/decisions`,
          key,
          bodies: [JSON.stringify({ tenant: mode, policy: POLICY, estimatedCostUsd: '0.000001' })],
          pace: { callers },
          ms: RUN_MS,
        };
        const outcomes: Outcome[] = [];
        await asker.ask(asking);
        const cpuMicros: number[] = [];
        for (let run = 0; run < runs; run += 1) {
          cpuMicros.push(await cpuMicrosOf(waybill.nodePid, asker, asking, outcomes));
        }
        const what = `decisions in ${mode}, ${callers} callers`;
        const rates = outcomes.map(({ perSecond }) => perSecond);
        figures.push(...waits(`of ${what}`, outcomes), figure(what, '/s', rates));
        figures.push(figure(`CPU of Node, ${what}`, 'µs each', cpuMicros));
      }
    }
    return figures;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Each mode is asked for the tenant of its name, and the gate was ready for both. */
async function rollOut(store: Store, nowUs: number): Promise<void> {
  const told = { policy: POLICY, who: 'bench', why: 'to measure', at: isoMicros(nowUs) };
  for (const mode of MODES) await writeRollout(store, { ...told, tenant: mode, mode });
  const lock = { isOpen: true, gate: 'ready', blocker: '', turnedUs: nowUs, answeredUs: nowUs } as const;
  const states = MODES.map((mode) => ({
    tenant: mode,
    policy: POLICY,
    mode,
    asked: mode,
    sinceUs: nowUs,
    why: '',
    lock,
  }));
  await writeStates(store, states);
}
