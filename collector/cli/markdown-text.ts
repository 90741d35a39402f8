import { safe } from './text.js';

/**
 * Text from outside, so that no renderer takes any of it for Markdown or HTML, and none makes a link or a mention of a
 * bare address or name.
 */
export function plainMarkdown(text: string): string {
  return safe(text)
    .replaceAll(/[\\`*_{}[\]<>|#~&]/g, (sign) => `\\${sign}`)
    .replaceAll(/@|:(?=\/\/)|www(?=\.)/gi, (start) => `${start}\u2060`);
}

/** A row of a Markdown table, of cells that are Markdown already. */
export function markdownRow(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}
