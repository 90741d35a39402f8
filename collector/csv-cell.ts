/** A cell of CSV, in quotes where it needs them (RFC 4180). */
export function csvQuoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Text that a spreadsheet would take for a formula, with an apostrophe before it: whoever names a tenant must not be
 * able to run something on the desk of whoever opens the file.
 */
export function withoutFormula(text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}
