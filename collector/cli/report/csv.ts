import type { Report } from './report.js';

/**
 * The spend as CSV (RFC 4180), amounts to their last digit. An empty value is unattributed.
 *
 * A name that a spreadsheet would take for a formula gets an apostrophe before it: whoever names a tenant must not be
 * able to run something on the desk of whoever opens the file.
 */
export function csvReport({ spend, by }: Report): string {
  const lines = [
    [...by, 'calls', 'cost_usd', 'unknown_cost_calls'],
    ...spend.map((row) => [
      ...by.map((name) => harmless(row.by[name] ?? '')),
      String(row.calls),
      row.costUsd,
      String(row.unknownCost),
    ]),
  ];
  return lines.map((line) => line.map(quoted).join(',')).join('\r\n');
}

function harmless(text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
