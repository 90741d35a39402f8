import type { AuditReport, Call, Finding, Verdict } from '../../schemas/audit.js';
import { auditedAttributes } from '../../schemas/contract.js';
import type { Paint } from './paint.js';
import { dollars, safe } from './text.js';
import { sumUsd } from '../../auditor/report.js';

const CELL_LIMIT = 22;
const LABEL_WIDTH = 9;

/**
 * The audit for a person: each different route drawn station by station, with a line an attribute that shows where it
 * was lost, then what is wrong and what to do. Calls that fared alike are drawn once.
 */
export function auditText(report: AuditReport, paint: Paint): string {
  const groups = [...groupAlike(report.calls).values()].toSorted(byWeight);
  return [
    ...groups.map((calls) => groupText(calls, paint)),
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
    const others = groups.get(key);
    if (others === undefined) groups.set(key, [call]);
    else others.push(call);
  }
  return groups;
}

const BADNESS: Readonly<Record<Verdict, number>> = { enforceable: 0, attributed: 1, unattributed: 2 };

/** The best first, so that what needs work stands last, next to the prompt; then the commonest last. */
function byWeight([a]: readonly Call[], [b]: readonly Call[]): number {
  return BADNESS[a?.verdict ?? 'enforceable'] - BADNESS[b?.verdict ?? 'enforceable'];
}

function groupText(calls: readonly Call[], paint: Paint): string {
  const [call] = calls;
  if (call === undefined) return '';
  return [
    headline(call, calls, paint),
    '',
    ...drawing(call, paint),
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

/** A grid: a column a station, a row an attribute, and between two stations what became of it on the hop. */
function drawing(call: Call, paint: Paint): string[] {
  const names = call.stations.map(({ service }) => cut(safe(service)));
  const rows = auditedAttributes.map((name) => call.stations.map(({ values }) => cell(values[name] ?? [])));
  const widths = names.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const indent = `  ${' '.repeat(LABEL_WIDTH)}`;
  const header = indent + names.map((name, i) => paint.strong(name.padEnd(widths[i] ?? 0))).join('      ');
  const lines = auditedAttributes.map((attribute, r) => {
    const cells = (rows[r] ?? []).map((text, i) => {
      const padded = text.padEnd(widths[i] ?? 0);
      return i === 0
        ? tone(call, attribute, i, paint)(padded)
        : hopMark(rows[r] ?? [], i, paint) + tone(call, attribute, i, paint)(padded);
    });
    const outcome = call.attributes[attribute]?.outcome ?? 'missing';
    const said = outcome === 'intact' || outcome === 'unreported' ? paint.faint(outcome) : paint.bad(outcome);
    return `  ${attribute.padEnd(LABEL_WIDTH)}${cells.join('')}   ${said}${where(call, attribute)}`;
  });
  return [header, ...lines];
}

function hopMark(row: readonly string[], i: number, paint: Paint): string {
  const before = row[i - 1];
  const after = row[i];
  if (before === NOTHING && after === NOTHING) return paint.faint('  ··  ');
  return before === after ? paint.faint(' ──── ') : paint.bad(' ─✗─▶ ');
}

function tone(call: Call, attribute: string, i: number, paint: Paint): (text: string) => string {
  const values = call.stations[i]?.values[attribute] ?? [];
  if (values.length === 0) return paint.faint;
  const isJudged = call.findings.some((finding) => finding.attribute === attribute && finding.severity === 'error');
  const isOrigin = values[0] === call.attributes[attribute]?.originValue && values.length === 1;
  return isJudged && !isOrigin ? paint.bad : (text) => text;
}

const NOTHING = '—';

function cell(values: readonly string[]): string {
  return values.length === 0 ? NOTHING : cut(values.map((value) => (value === '' ? "''" : safe(value))).join(' | '));
}

function cut(text: string): string {
  return text.length > CELL_LIMIT ? `${text.slice(0, CELL_LIMIT - 1)}…` : text;
}

function where(call: Call, attribute: string): string {
  const hop = call.attributes[attribute]?.hop ?? null;
  return hop === null ? '' : ` at ${safe(hop.from)} → ${safe(hop.to)}`;
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
