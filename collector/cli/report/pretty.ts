import { scopeText } from '../gate/words.js';
import type { Paint } from '../paint.js';
import { safe } from '../text.js';
import type { Report } from './report.js';
import type { Table } from './tables.js';
import { answerText, headFigures, tablesOf } from './tables.js';

/** The last column of a table may be long; it is left to the terminal to wrap. */
const GAP = '  ';

/** The report for a person at a terminal. */
export function prettyReport(report: Report, paint: Paint): string {
  const tone = { ready: paint.good, not_ready: paint.bad, insufficient_data: paint.doubtful }[report.gate.answer];
  return [
    `${tone(paint.strong(answerText(report)))}  ${scopeText(report.scope)}, last ${report.since}`,
    '',
    ...headFigures(report).map(([label, value, meaning]) => `  ${label.padEnd(10)} ${paint.strong(value)} ${meaning}`),
    ...tablesOf(report).flatMap((table) => ['', paint.strong(table.title), ...tableLines(table, paint)]),
  ].join('\n');
}

function tableLines({ columns, numeric, rows, empty }: Table, paint: Paint): string[] {
  if (rows.length === 0) return [`  ${empty}`];
  const cells = rows.map((row) => row.map(safe));
  const widths = columns.map((column, i) => Math.max(column.length, ...cells.map((row) => (row[i] ?? '').length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (numeric.includes(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join(GAP)
      .trimEnd();
  return [`  ${paint.faint(line(columns))}`, ...cells.map((row) => `  ${line(row)}`)];
}
