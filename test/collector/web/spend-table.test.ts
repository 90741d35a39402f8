import { describe, expect, it } from 'vitest';
import type { SpendRow } from '../../../collector/store/questions/spend.js';
import { lessBy, spendTable } from '../../../collector/web/spend-table.js';

function row(by: SpendRow['by'], costUsd: string, unknownCost = 0): SpendRow {
  return { by, calls: 1 + unknownCost, costUsd, unknownCost };
}

describe('the table of spend', () => {
  it('puts most spend first, what is unattributed last, and days across in their order', () => {
    const table = spendTable(
      [
        row({ user: null, day: '2026-11-01' }, '9.000000000000'),
        row({ user: 'ada', day: '2026-11-02' }, '0.100000000000'),
        row({ user: 'ada', day: '2026-11-01' }, '0.200000000000'),
        row({ user: 'bob', day: '2026-11-02' }, '1.000000000000', 1),
      ],
      ['user', 'day'],
    );
    expect(table.lines.map(({ key }) => key)).toEqual(['bob', 'ada', null]);
    expect(table.across).toEqual(['2026-11-01', '2026-11-02']);
    expect(table.lines[1]?.all.costUsd).toBe('0.300000000000');
    expect(table.lines[1]?.cells.get('2026-11-01')?.costUsd).toBe('0.200000000000');
    expect(table.lines[0]?.cells.get('2026-11-01')).toBeUndefined();
    expect(table.listed).toEqual({ calls: 5, costUsd: '10.300000000000', unknownCost: 1 });
  });

  it('says exactly what is beyond the list', () => {
    const all = { calls: 3, costUsd: '0.300000000001', unknownCost: 1 };
    expect(lessBy(all, { calls: 1, costUsd: '0.100000000000', unknownCost: 0 })).toEqual({
      calls: 2,
      costUsd: '0.200000000001',
      unknownCost: 1,
    });
  });
});
