import { sumUsd } from '../../auditor/report.js';
import type { SpendRow } from '../store/questions/spend.js';

/** What some calls came to. */
export interface Sum {
  readonly calls: number;
  /** US dollars, a decimal string. */
  readonly costUsd: string;
  /** Calls whose cost is not in the sum. */
  readonly unknownCost: number;
}

/** A value of a dimension; null: nobody is named, or nothing is said. */
export type Key = string | null;

/** One line of a table of spend: a value of the first dimension, and its sums by value of the second. */
export interface Line {
  readonly key: Key;
  readonly all: Sum;
  readonly cells: ReadonlyMap<Key, Sum>;
}

/** Spend by one dimension, or by two: then the second goes across. */
export interface SpendTable {
  /** Values of the second dimension; empty where there is none. */
  readonly across: readonly Key[];
  /** Most spend first, days in their order; what has no value comes last. */
  readonly lines: readonly Line[];
  /** Sum over all lines. */
  readonly listed: Sum;
}

export const NOTHING: Sum = { calls: 0, costUsd: '0.000000000000', unknownCost: 0 };

/** Puts rows of spend together as a table. */
export function spendTable(rows: readonly SpendRow[], [down, across]: readonly string[]): SpendTable {
  const lines = grouped(rows, (row) => keyOf(row, down));
  const columns = across === undefined ? [] : grouped(rows, (row) => keyOf(row, across));
  return {
    across: inOrder(columns, across).map(({ key }) => key),
    lines: inOrder(lines, down).map(({ key, own }) => ({
      key,
      all: sumOf(own),
      cells: new Map(
        across === undefined
          ? []
          : grouped(own, (row) => keyOf(row, across)).map((cell) => [cell.key, sumOf(cell.own)]),
      ),
    })),
    listed: sumOf(rows),
  };
}

/** Adds sums; amounts exactly. */
export function sumOf(sums: readonly Sum[]): Sum {
  return {
    calls: sums.reduce((all, { calls }) => all + calls, 0),
    costUsd: sumUsd(sums.map(({ costUsd }) => costUsd)),
    unknownCost: sums.reduce((all, { unknownCost }) => all + unknownCost, 0),
  };
}

/** What one sum has more than a part of it. */
export function lessBy(all: Sum, part: Sum): Sum {
  return {
    calls: all.calls - part.calls,
    costUsd: sumUsd([all.costUsd, part.costUsd.startsWith('-') ? part.costUsd.slice(1) : `-${part.costUsd}`]),
    unknownCost: all.unknownCost - part.unknownCost,
  };
}

interface Group {
  readonly key: Key;
  readonly own: SpendRow[];
}

function keyOf({ by }: SpendRow, dimension: string | undefined): Key {
  return dimension === undefined ? null : (by[dimension] ?? null);
}

function grouped(rows: readonly SpendRow[], key: (row: SpendRow) => Key): Group[] {
  const groups = new Map<Key, SpendRow[]>();
  for (const row of rows) {
    const own = groups.get(key(row));
    if (own === undefined) groups.set(key(row), [row]);
    else own.push(row);
  }
  return [...groups].map(([value, own]) => ({ key: value, own }));
}

/** Days in their order; all else by spend, which only has to be about right to sort by. */
function inOrder(groups: readonly Group[], dimension: string | undefined): Group[] {
  const weight = ({ own }: Group) => own.reduce((all, { costUsd }) => all + Number(costUsd), 0);
  const named = groups.filter(({ key }) => key !== null);
  const sorted =
    dimension === 'day'
      ? named.toSorted((a, b) => ((a.key ?? '') < (b.key ?? '') ? -1 : 1))
      : named.toSorted((a, b) => weight(b) - weight(a));
  return [...sorted, ...groups.filter(({ key }) => key === null)];
}
