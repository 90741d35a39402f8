import type { Paint } from '../../collector/cli/paint.js';
import { dollars, percent, safe } from '../../collector/cli/text.js';
import type { Gap, GateAnswer, Score } from '../../schemas/gate.js';
import { nameOf } from './expectations.js';
import { faults } from './faults.js';

const ANSWERS = { ready: 'ready', not_ready: 'not ready', insufficient_data: 'too little data' } as const;

/** What the run stages, before it starts. */
export function planText(paint: Paint): string {
  return table(
    faults.map(({ name, tenants, requests, what }) => [
      name === 'clean' ? paint.good(name) : paint.bad(name),
      tenants.join(', '),
      `${tenants.length * requests} requests`,
      paint.faint(what),
    ]),
  );
}

/** The gap table: errors first, each with the spend behind it and where it broke. */
export function gapText(gaps: readonly Gap[], paint: Paint): string {
  const tones = { error: paint.bad, warning: paint.doubtful, info: paint.faint };
  const rank = { error: 0, warning: 1, info: 2 };
  return table([
    ['', 'rule', 'attribute', 'hop', 'calls', 'spend'].map(paint.faint),
    ...gaps
      .toSorted((a, b) => rank[a.severity] - rank[b.severity] || b.calls - a.calls)
      .map(({ severity, rule, attribute, hop, calls, spendUsd }) => [
        tones[severity](severity),
        rule,
        attribute ?? '',
        hop === null ? '' : `${safe(hop.from)} → ${safe(hop.to)}`,
        String(calls),
        dollars(spendUsd),
      ]),
  ]);
}

/** The score beside the share that a dashboard would show. */
export function scoreText({ score, rowLevel, calls, spendUsd, unknownCost }: Score, paint: Paint): string {
  const row = rowLevel.spend.share;
  return table([
    ['row level', paint.strong(row === null ? 'none' : percent(row)), 'of the spend has all attributes on its row'],
    ['score', paint.strong(score === null ? 'none' : score.toFixed(1)), 'of 100: of the spend could be defended'],
    ['calls', String(calls), `${dollars(spendUsd)} known, ${unknownCost} of unknown cost`],
  ]);
}

/** The gate's answer for one tenant, with its reasons. */
export function gateLines(tenant: string, { answer, score, blockers }: GateAnswer, paint: Paint): string[] {
  const tone = { ready: paint.good, not_ready: paint.bad, insufficient_data: paint.doubtful }[answer];
  const value = score.score === null ? 'no score' : `score ${score.score.toFixed(1)}, ${score.calls} calls`;
  // Without any call, every other reason only says so again.
  const reasons = score.calls === 0 ? blockers.slice(0, 1) : blockers;
  const worst = new Map(
    reasons.flatMap((reason) => (reason.worst === null ? [] : [[nameOf(reason.worst), reason.worst]])),
  );
  const indent = ' '.repeat(13);
  return [
    `  ${paint.strong(tenant.padEnd(10))} ${tone(ANSWERS[answer].padEnd(16))} ${paint.faint(value)}`,
    ...reasons.map(({ message }) => indent + safe(message)),
    ...[...worst].map(([name, { fix }]) => `${indent}${paint.bad(safe(name))}  ${paint.faint(safe(fix))}`),
  ];
}

/** Lines up columns; colours do not count as width. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => widthOf(row[column] ?? ''))));
  return rows
    .map((row) => `  ${row.map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - widthOf(cell))).join('  ')}`.trimEnd())
    .join('\n');
}

function widthOf(text: string): number {
  // oxlint-disable-next-line no-control-regex -- the escape that begins a colour is a control character
  return text.replaceAll(/\u001B\[\d+m/g, '').length;
}
