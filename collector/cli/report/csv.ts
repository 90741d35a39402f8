import { csvQuoted, withoutFormula } from '../../csv-cell.js';
import type { Report } from './report.js';

/** The spend as CSV, amounts to their last digit. An empty value is unattributed; no name is a formula. */
export function csvReport({ spend, by }: Report): string {
  const lines = [
    [...by, 'calls', 'cost_usd', 'unknown_cost_calls'],
    ...spend.map((row) => [
      ...by.map((name) => withoutFormula(row.by[name] ?? '')),
      String(row.calls),
      row.costUsd,
      String(row.unknownCost),
    ]),
  ];
  return lines.map((line) => line.map(csvQuoted).join(',')).join('\r\n');
}
