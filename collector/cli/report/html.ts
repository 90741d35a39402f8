import { escapeHtml } from '../../escape-html.js';
import { scopeText } from '../gate/words.js';
import { safe } from '../text.js';
import type { Report } from './report.js';
import type { Table } from './tables.js';
import { answerText, headFigures, minute, tablesOf } from './tables.js';

const STYLE = `
:root { color-scheme: light dark; --ground: light-dark(#f6f7f9, #14171c); --panel: light-dark(#fff, #1c2027);
  --line: light-dark(#d9dde3, #343b46); --ink: light-dark(#1b2027, #e8ebf0); --quiet: light-dark(#566070, #a3adbb);
  --bad: light-dark(#a8271c, #ff9a8d); --good: light-dark(#1c6b3a, #7fd6a0); }
body { margin: 2rem auto; max-width: 75rem; padding: 0 1rem; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1.ready { color: var(--good); } h1.not_ready { color: var(--bad); }
.quiet { color: var(--quiet); }
dl { display: flex; flex-wrap: wrap; gap: 1rem; }
dl > div, .panel { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 1rem; }
dl > div { flex: 1 1 14rem; } dt { color: var(--quiet); } dd { margin: 0; } dd strong { display: block; font-size: 2rem; }
.panel { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.8rem 0.3rem 0; border-bottom: 1px solid var(--line);
  overflow-wrap: anywhere; }
th { color: var(--quiet); font-weight: 600; } .number { text-align: right; white-space: nowrap; }
`;

/** Nothing is loaded and nothing runs: the style within is all there is. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** The report as one HTML file that needs nothing else, light and dark. */
export function htmlReport(report: Report): string {
  const answer = answerText(report);
  const scope = scopeText(report.scope);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(`Waybill: ${answer}, ${scope}`)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1 class="${report.gate.answer}">${text(answer)}</h1>
<p class="quiet">${text(scope)}, last ${text(report.since)}; made ${minute(report.madeAt)} by Waybill</p>
<dl>
${headFigures(report)
  .map(
    ([label, value, meaning]) =>
      `<div><dt>${text(label)}</dt><dd><strong>${text(value)}</strong> ${text(meaning)}</dd></div>`,
  )
  .join('\n')}
</dl>
${tablesOf(report).map(tableHtml).join('\n')}
</main>
</body>
</html>`;
}

function tableHtml({ title, columns, numeric, rows, empty }: Table): string {
  const mark = (i: number): string => (numeric.includes(i) ? ' class="number"' : '');
  const table =
    rows.length === 0
      ? `<p>${text(empty)}</p>`
      : `<table>
<thead><tr>${columns.map((one, i) => `<th scope="col"${mark(i)}>${text(one)}</th>`).join('')}</tr></thead>
<tbody>
${rows.map((row) => `<tr>${row.map((one, i) => `<td${mark(i)}>${text(one)}</td>`).join('')}</tr>`).join('\n')}
</tbody>
</table>`;
  return `<h2>${text(title)}</h2>\n<div class="panel">${table}</div>`;
}

function text(raw: string): string {
  return escapeHtml(safe(raw));
}
