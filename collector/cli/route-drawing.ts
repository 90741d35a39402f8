import type { Change } from '../../auditor/trace/change.js';
import { changesOf } from '../../auditor/trace/change.js';
import type { Call } from '../../schemas/audit.js';
import type { AuditedAttribute } from '../../schemas/contract.js';
import { auditedAttributes } from '../../schemas/contract.js';
import type { Paint } from './paint.js';
import { safe } from './text.js';

const CELL_LIMIT = 22;
const NOTHING = '—';

/** One attribute on its way: what each station shows, and what became of it on the hop that led there. */
interface Track {
  readonly attribute: AuditedAttribute;
  readonly cells: readonly string[];
  /** Before the first station there is no hop: its change is `kept`, or `absent`. */
  readonly changes: readonly Change[];
}

/**
 * Draws the route of a call, with the value of each attribute at each station and a mark on every hop where it was
 * lost, changed or first seen. Stations stand side by side where that fits, else below each other.
 *
 * @param columns how wide the drawing may be
 */
export function routeDrawing(call: Call, paint: Paint, columns: number): string[] {
  const tracks = auditedAttributes.map((attribute) => trackOf(call, attribute));
  const names = call.stations.map(({ service }) => cut(safe(service)));
  const widths = names.map((name, i) => widest([name, ...tracks.map(({ cells }) => cells[i] ?? '')]));
  const outcomes = tracks.map(({ attribute }) => outcomeText(call, attribute));
  const width = LABEL_WIDTH + sum(widths) + HOP_WIDTH * names.length + widest(outcomes);
  return width <= columns ? sideBySide(call, tracks, names, widths, paint) : belowEachOther(call, tracks, names, paint);
}

const LABEL_WIDTH = 11;
const HOP_WIDTH = 6;

/** A column a station, a row an attribute. */
function sideBySide(
  call: Call,
  tracks: readonly Track[],
  names: readonly string[],
  widths: readonly number[],
  paint: Paint,
): string[] {
  const header = names.map((name, i) => (i === names.length - 1 ? name : name.padEnd((widths[i] ?? 0) + HOP_WIDTH)));
  return [
    ' '.repeat(LABEL_WIDTH) + header.map((name) => paint.strong(name)).join(''),
    ...tracks.map(({ attribute, cells, changes }) => {
      const drawn = cells.map((cell, i) => {
        const change = changes[i] ?? 'absent';
        const text = tone(change, cell, paint)(cell.padEnd(widths[i] ?? 0));
        return i === 0 ? text : hopMark(change, paint) + text;
      });
      return `  ${attribute.padEnd(LABEL_WIDTH - 2)}${drawn.join('')}   ${outcomeIn(call, attribute, paint)}`;
    }),
  ];
}

function hopMark(change: Change, paint: Paint): string {
  return {
    absent: paint.faint('  ··  '),
    kept: paint.faint(' ──── '),
    lost: paint.bad(' ─✗─▶ '),
    changed: paint.bad(' ─≠─▶ '),
    gained: paint.doubtful(' ─+─▶ '),
  }[change];
}

/** A row a station, a column an attribute. */
function belowEachOther(call: Call, tracks: readonly Track[], names: readonly string[], paint: Paint): string[] {
  const nameWidth = widest(names);
  const widths = tracks.map(({ attribute, cells }) =>
    widest([attribute, ...cells, call.attributes[attribute]?.outcome ?? '']),
  );
  return [
    row(
      ' '.repeat(nameWidth),
      tracks.map(({ attribute }, t) => paint.strong(`  ${attribute.padEnd(widths[t] ?? 0)}`)),
    ),
    ...names.map((name, i) =>
      row(
        paint.strong(name.padEnd(nameWidth)),
        tracks.map(({ cells, changes }, t) => {
          const change = changes[i] ?? 'absent';
          const mark = { absent: ' ', kept: ' ', lost: '✗', changed: '≠', gained: '+' }[change];
          return tone(change, cells[i] ?? '', paint)(`${mark} ${(cells[i] ?? '').padEnd(widths[t] ?? 0)}`);
        }),
      ),
    ),
    row(
      ' '.repeat(nameWidth),
      tracks.map(({ attribute }, t) => {
        const outcome = call.attributes[attribute]?.outcome ?? 'missing';
        return outcomeTone(outcome, paint)(`  ${outcome.padEnd(widths[t] ?? 0)}`);
      }),
    ),
  ];
}

function row(label: string, cells: readonly string[]): string {
  return `  ${label}  ${cells.join('  ')}`.trimEnd();
}

function trackOf(call: Call, attribute: AuditedAttribute): Track {
  const shown = call.stations.map(({ values }) => values[attribute] ?? []);
  return {
    attribute,
    cells: shown.map(cell),
    // The values themselves are compared: what is cut to fit may look the same and differ.
    changes: changesOf(shown),
  };
}

function tone(change: Change, cell: string, paint: Paint): (text: string) => string {
  if (change === 'lost' || change === 'changed') return paint.bad;
  if (change === 'gained') return paint.doubtful;
  return cell === NOTHING ? paint.faint : (text) => text;
}

function outcomeTone(outcome: string, paint: Paint): (text: string) => string {
  return outcome === 'intact' || outcome === 'unreported' ? paint.faint : paint.bad;
}

function outcomeIn(call: Call, attribute: AuditedAttribute, paint: Paint): string {
  const text = outcomeText(call, attribute);
  const [outcome = ''] = text.split(' ', 1);
  return outcomeTone(outcome, paint)(outcome) + text.slice(outcome.length);
}

/** The outcome, with the hop where it came about. */
function outcomeText(call: Call, attribute: AuditedAttribute): string {
  const { outcome = 'missing', hop = null } = call.attributes[attribute] ?? {};
  return hop === null ? outcome : `${outcome} at ${cut(safe(hop.from))} → ${cut(safe(hop.to))}`;
}

function cell(values: readonly string[]): string {
  return values.length === 0 ? NOTHING : cut(values.map((value) => (value === '' ? "''" : safe(value))).join(' | '));
}

function cut(text: string): string {
  return text.length > CELL_LIMIT ? `${text.slice(0, CELL_LIMIT - 1)}…` : text;
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(({ length }) => length));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
