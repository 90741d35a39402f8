import { expect, it } from 'vitest';
import { seededRandom } from '../support/random.js';
import type { Victim } from './kill-under-load.js';
import { figuresOf, killUnderLoad } from './kill-under-load.js';
import { EXACT } from './ledger.js';

const ROUNDS = Number(process.env['ROUNDS'] ?? 200);
const SEED = Number(process.env['SEED'] ?? 20_261_101);
const VICTIMS = ['waybill', 'clickhouse', 'both'] as const;

it(`${ROUNDS} kill -9 of Waybill, of ClickHouse and of both lose nothing that was acknowledged, and count nothing twice`, async () => {
  const random = seededRandom(SEED);
  const victims = Array.from({ length: ROUNDS }, (_, i): Victim => VICTIMS[i % 3] ?? 'both')
    .map((victim) => ({ victim, order: random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ victim }) => victim);
  const after = await killUnderLoad(victims, { seed: SEED, longestWaitMs: 1_000, boundMs: 28 * 60_000 });
  console.log(figuresOf(after));
  const { waybill, clickhouse, both } = after.kills;
  expect(waybill + clickhouse + both).toBe(ROUNDS);
  expect(after.balance).toMatchObject(EXACT);
  expect(after.ledger.acknowledged.size).toBe(after.ledger.begun);
  // The kills did hit requests under way.
  expect(after.ledger.cut).toBeGreaterThan(ROUNDS / 2);
});
