import { csvQuoted, withoutFormula } from '../csv-cell.js';

/**
 * Writes rows as CSV (RFC 4180). A cell that a spreadsheet would run as a formula is written as text: names of tenants
 * and models come from outside.
 */
export function csvText(rows: readonly (readonly (string | number | null)[])[]): string {
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

function cell(value: string | number | null): string {
  if (value === null || typeof value === 'number') return String(value ?? '');
  return csvQuoted(/^-?\d+(\.\d+)?$/.test(value) ? value : withoutFormula(value));
}
