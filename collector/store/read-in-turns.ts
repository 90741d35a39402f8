import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RowReader } from './row-reader.js';
import { createRowReader } from './row-reader.js';

/** So many rows are read within a millisecond or two. */
const ROWS_A_TURN = 500;

/**
 * Reads many rows in RowBinary, some at a time: whoever asks this process for something meanwhile is answered in between,
 * and not only when the last row is read.
 *
 * @param read reads one row; null: it is passed over
 * @throws RangeError where the bytes end too early, and what `read` throws
 */
export async function readInTurns<T>(bytes: Uint8Array, read: (row: RowReader) => T | null): Promise<T[]> {
  const row = createRowReader(bytes);
  const found: T[] = [];
  for (let count = 1; row.hasMore(); count += 1) {
    const one = read(row);
    if (one !== null) found.push(one);
    if (count % ROWS_A_TURN === 0) await nextTurn();
  }
  return found;
}
