import { expect, it } from 'vitest';
import { killUnderLoad } from './kill-under-load.js';
import { EXACT } from './ledger.js';

it('a kill -9 of Waybill, of ClickHouse and of both loses nothing that was acknowledged, and counts nothing twice', async () => {
  const victims = ['clickhouse', 'waybill', 'both'] as const;
  const after = await killUnderLoad(victims, { seed: 1, longestWaitMs: 300, boundMs: 25_000 });
  expect(after.kills).toEqual({ waybill: 1, clickhouse: 1, both: 1 });
  expect(after.balance).toMatchObject(EXACT);
  expect(after.ledger.acknowledged.size).toBe(after.ledger.begun);
  expect(after.ledger.cut + after.ledger.refused).toBeGreaterThan(0);
});
