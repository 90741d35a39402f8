/** Makes text from outside harmless on a terminal: control characters are shown, not obeyed. */
export function safe(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Bidi_Control}]/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

/** Rows as columns of text, the first row being the heads. */
export function columnsText(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => safe(row[i] ?? '').length))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, i) => safe(cell).padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** An amount with the digits that matter to a person: cents from a dollar on, at most six places below. */
export function dollars(usd: string): string {
  const [whole = '0', fraction = ''] = usd.split('.');
  const isSmall = Number(whole) === 0;
  const kept = fraction
    .slice(0, isSmall ? 6 : 2)
    .replace(/0+$/, '')
    .padEnd(2, '0');
  // What is not zero must not read as zero.
  if (isSmall && Number(kept) === 0 && Number(fraction) > 0) return 'under $0.000001';
  return `$${whole}.${kept}`;
}

/** A share of 1 as a percentage, cut rather than rounded, so that 99.96 % never reads as 100 %. */
export function percent(share: number): string {
  return `${(Math.floor(share * 1_000) / 10).toFixed(1)} %`;
}
