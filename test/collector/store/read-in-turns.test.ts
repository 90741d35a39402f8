import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readInTurns } from '../../../collector/store/read-in-turns.js';
import { createRowWriter } from '../../../collector/store/row-writer.js';

function rowsOf(count: number): Uint8Array {
  const row = createRowWriter();
  for (let i = 0; i < count; i += 1) row.string(`row ${i}`);
  return row.bytes();
}

describe('reading rows in turns', () => {
  it('reads all of them, in their order, and passes over what is null', async () => {
    expect(await readInTurns(rowsOf(0), (row) => row.string())).toEqual([]);
    const read = await readInTurns(rowsOf(2_001), (row) => row.string());
    expect(read).toHaveLength(2_001);
    expect(read.at(-1)).toBe('row 2000');
    expect(await readInTurns(rowsOf(3), (row) => (row.string() === 'row 1' ? 1 : null))).toEqual([1]);
  });

  it('lets others have their turn in between', async () => {
    let seen = 0;
    const read = readInTurns(rowsOf(2_000), (row) => {
      seen += 1;
      return row.string();
    });
    await nextTurn();
    expect(seen).toBeGreaterThan(0);
    expect(seen).toBeLessThan(2_000);
    expect(await read).toHaveLength(2_000);
  });

  it('throws where the bytes end too early', async () => {
    await expect(readInTurns(rowsOf(1).subarray(0, 3), (row) => row.string())).rejects.toThrow(RangeError);
  });
});
