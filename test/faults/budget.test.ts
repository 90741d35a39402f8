import { expect, it } from 'vitest';
import { hammerBudget, isKept } from './budget-under-load.js';

it('200 callers at once get no more than ten dollars of a budget of ten, over a kill -9 of Waybill', async () => {
  const after = await hammerBudget({ callers: 200, kills: 1, seed: 1, refusals: 1 });
  expect(isKept(after)).toEqual({ isKept: true, isUsedUp: true });
  expect(after).toMatchObject({ kills: 1, notDurable: 0 });
  expect(after.cutPico).toBeGreaterThan(0n);
  expect(after.answers.warn).toBeGreaterThan(0);
}, 90_000);
