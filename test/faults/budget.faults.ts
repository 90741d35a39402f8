import { describe, expect, it } from 'vitest';
import { hammerBudget, isKept } from './budget-under-load.js';

describe('a budget of ten dollars under 200 callers at once', () => {
  it('is kept without a kill', async () => {
    const after = await hammerBudget({ callers: 200, kills: 0, seed: 2, refusals: 3 });
    expect(isKept(after)).toEqual({ isKept: true, isUsedUp: true });
    expect(after).toMatchObject({ kills: 0, cuts: [], cutPico: 0n, notDurable: 0 });
  });

  for (const seed of [3, 4, 5, 6, 7, 8]) {
    it(`is kept over three kills -9 of Waybill, round ${seed}`, async () => {
      const after = await hammerBudget({ callers: 200, kills: 3, seed, refusals: 3 });
      expect(isKept(after)).toEqual({ isKept: true, isUsedUp: true });
      expect(after.notDurable).toBe(0);
    });
  }
});
