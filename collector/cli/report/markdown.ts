import { scopeText } from '../gate/words.js';
import { markdownRow as line, plainMarkdown as cell } from '../markdown-text.js';
import type { Report } from './report.js';
import type { Table } from './tables.js';
import { answerText, headFigures, minute, tablesOf } from './tables.js';

/** The report as Markdown, for a ticket or a change request. */
export function markdownReport(report: Report): string {
  return [
    `# ${answerText(report)}`,
    `${cell(scopeText(report.scope))}, last ${report.since}; made ${minute(report.madeAt)} by Waybill.`,
    headFigures(report)
      .map(([label, value, meaning]) => `- **${label}** ${cell(value)} ${cell(meaning)}`)
      .join('\n'),
    ...tablesOf(report).map(tableText),
  ].join('\n\n');
}

function tableText({ title, columns, numeric, rows, empty }: Table): string {
  if (rows.length === 0) return `## ${cell(title)}\n\n${empty}`;
  return [
    `## ${cell(title)}`,
    '',
    line(columns.map(cell)),
    line(columns.map((_, i) => (numeric.includes(i) ? '--:' : '---'))),
    ...rows.map((row) => line(row.map(cell))),
  ].join('\n');
}
