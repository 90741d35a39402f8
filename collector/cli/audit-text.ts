import { addTo } from '../../auditor/add-to.js';
import { sumUsd } from '../../auditor/report.js';
import type { AuditReport, Call, Finding, Verdict } from '../../schemas/audit.js';
import type { Paint } from './paint.js';
import { routeDrawing } from './route-drawing.js';
import { dollars, safe } from './text.js';

/** How wide a drawing may be where no terminal says. */
export const PLAIN_COLUMNS = 120;

/**
 * The audit for a person: each different route drawn station by station, with a line an attribute that shows where it
 * was lost, then what is wrong and what to do. Calls that fared alike are drawn once.
 *
 * @param columns how wide a drawing may be; other lines are left to the terminal to wrap
 */
export function auditText(report: AuditReport, paint: Paint, columns: number): string {
  const groups = [...groupAlike(report.calls).values()].toSorted(byWeight);
  return [
    ...groups.map((calls) => groupText(calls, paint, columns)),
    ...report.findings.map((finding) => findingText(finding, paint).join('\n')),
    summaryText(report, paint),
  ].join('\n\n');
}

function groupAlike(calls: readonly Call[]): Map<string, Call[]> {
  const groups = new Map<string, Call[]>();
  for (const call of calls) {
    const key = JSON.stringify([
      call.route,
      call.verdict,
      call.stations.map(({ values }) => values),
      call.findings.map(({ rule, attribute, hop, message }) => [rule, attribute, hop, message]),
    ]);
    addTo(groups, key, call);
  }
  return groups;
}

const BADNESS: Readonly<Record<Verdict, number>> = { enforceable: 0, attributed: 1, unattributed: 2 };

/** The best first, so that what needs work stands last, next to the prompt; then the commonest last. */
function byWeight(a: readonly Call[], b: readonly Call[]): number {
  return badness(a) - badness(b) || a.length - b.length;
}

function badness([call]: readonly Call[]): number {
  return BADNESS[call?.verdict ?? 'enforceable'];
}

function groupText(calls: readonly Call[], paint: Paint, columns: number): string {
  const [call] = calls;
  if (call === undefined) return '';
  return [
    headline(call, calls, paint),
    '',
    ...routeDrawing(call, paint, columns),
    ...call.findings.flatMap((finding) => ['', ...findingText(finding, paint)]),
  ].join('\n');
}

function headline(call: Call, calls: readonly Call[], paint: Paint): string {
  const mark = { enforceable: paint.good('✓'), attributed: paint.doubtful('!'), unattributed: paint.bad('✗') };
  const known = calls.flatMap(({ costUsd }) => (costUsd === null ? [] : [costUsd]));
  const cost = known.length === 0 ? 'cost unknown' : dollars(sumUsd(known));
  const times = calls.length === 1 ? '' : paint.strong(`  ${calls.length} calls`);
  const models = [...new Set(calls.map(({ model }) => model || 'unknown model'))].map(safe).join(', ');
  return `${mark[call.verdict]} ${paint.strong(call.verdict)}${times}  ${models}  ${cost}  ${paint.faint(`trace ${call.traceId}`)}`;
}

function findingText(finding: Finding, paint: Paint): string[] {
  const colour = { error: paint.bad, warning: paint.doubtful, info: paint.faint }[finding.severity];
  return [
    `  ${colour(finding.severity.padEnd(8))}${paint.strong(finding.rule)}  ${safe(finding.message)}`,
    ...(finding.severity === 'info' ? [] : [`  ${paint.faint('fix'.padEnd(8))}${safe(finding.fix)}`]),
  ];
}

function summaryText({ summary }: AuditReport, paint: Paint): string {
  const { calls, traces, verdicts, costUsd, unknownCost } = summary;
  if (calls === 0) return `No call to a model in ${count(traces, 'trace')}.`;
  const unknown = unknownCost === 0 ? '' : `, ${unknownCost} of unknown cost`;
  return [
    `${count(calls, 'call')} in ${count(traces, 'trace')}, ${costUsd === null ? 'no known cost' : dollars(costUsd)}${unknown}: `,
    [
      paint.good(`${verdicts.enforceable ?? 0} enforceable`),
      paint.doubtful(`${verdicts.attributed ?? 0} attributed`),
      paint.bad(`${verdicts.unattributed ?? 0} unattributed`),
    ].join(', '),
  ].join('');
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
