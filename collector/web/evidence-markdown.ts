import type { Evidence, EvidenceTable } from './evidence.js';

/** Writes the evidence as Markdown, for a change request. Names from outside stay text, whatever they contain. */
export function evidenceMarkdown({ title, facts, tables }: Evidence): string {
  return `# ${escaped(title)}

${facts.map(([name, value]) => `- **${escaped(name)}**: ${escaped(value)}`).join('\n')}

${tables.map(tableMarkdown).join('\n\n')}
`;
}

function tableMarkdown({ title, head, rows, none }: EvidenceTable): string {
  const heading = `## ${escaped(title)}`;
  if (rows.length === 0) return `${heading}\n\n${escaped(none)}`;
  const line = (row: readonly string[]) => `| ${row.map(escaped).join(' | ')} |`;
  return [heading, '', line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

/** Every character that Markdown or HTML inside it could take for its own. */
function escaped(text: string): string {
  return text
    .replaceAll(/[\r\n]+/g, ' ')
    .replaceAll(/[\\`*_{}[\]<>#|~!&@]/g, (one) => `\\${one}`)
    .replaceAll(/\b(https?|ftp):/gi, '$1&#58;')
    .replaceAll(/\bwww\./gi, 'www&#46;');
}
