import { sumUsd } from '../../auditor/report.js';
import { axisTop, CHART, Hatch } from './chart.js';
import { roundUsd } from './figures.js';
import { nameOfNone } from './spend-lines.js';
import type { Key, Line, SpendTable } from './spend-table.js';

/** So many colours can be told apart; what is beyond is put together. */
const MOST_SERIES = 6;
const MOST_BARS = 10;
const DAY_MS = 86_400_000;

/** A part of a bar. */
interface Part {
  readonly name: string;
  /** Class of its colour. */
  readonly tone: string;
  readonly usd: string;
}

interface Bar {
  readonly name: string;
  readonly parts: readonly Part[];
}

/** The table as a picture: days stand beside each other, anything else below. */
export function SpendPicture({
  table,
  dimensions,
}: {
  readonly table: SpendTable;
  readonly dimensions: readonly string[];
}) {
  const [down = '', across] = dimensions;
  const isOverTime = dimensions.includes('day');
  const bars = across === 'day' ? barsOfDays(table, down) : barsOfLines(table.lines, dimensions, table.across);
  const legend = new Map(bars.flatMap(({ parts }) => parts.map(({ name, tone }) => [name, tone])));
  return (
    <section class="panel" aria-labelledby="picture">
      <h2 id="picture">{isOverTime ? 'Day by day (UTC)' : `Most spend first`}</h2>
      {dimensions.length > 1 && (
        <p class="legend">
          {[...legend].map(([name, tone]) => (
            <span key={name}>
              <svg class="swatch" viewBox="0 0 14 14" aria-hidden="true">
                <rect class={`part ${tone}`} width="14" height="14" />
              </svg>{' '}
              {name}
            </span>
          ))}
        </p>
      )}
      {isOverTime ? (
        <Columns bars={down === 'day' ? withEveryDay(bars) : bars} />
      ) : (
        <Rows bars={bars.slice(0, MOST_BARS)} />
      )}
      {!isOverTime && bars.length > MOST_BARS && (
        <p class="quiet">
          The first {MOST_BARS} of {bars.length}; the table has them all.
        </p>
      )}
    </section>
  );
}

function barsOfDays({ lines, across }: SpendTable, down: string): Bar[] {
  const tones = tonesOf(lines.map(({ key }) => key));
  return withEveryDay(
    across.map((day) => ({
      name: day ?? '',
      parts: partsOf(
        lines.map(({ key, cells }) => ({ key, usd: cells.get(day)?.costUsd ?? '0' })),
        tones,
        down,
      ),
    })),
  );
}

function barsOfLines(lines: readonly Line[], [down = '', across]: readonly string[], columns: readonly Key[]): Bar[] {
  const tones = tonesOf(columns);
  return lines.map(({ key, all, cells }) => ({
    name: key ?? nameOfNone(down),
    parts:
      across === undefined
        ? [{ name: 'spend', tone: key === null ? 'unattributed' : 'tone-0', usd: all.costUsd }]
        : partsOf(
            columns.map((one) => ({ key: one, usd: cells.get(one)?.costUsd ?? '0' })),
            tones,
            across,
          ),
  }));
}

/** The colour of each value; null stands for those beyond the colours. */
function tonesOf(keys: readonly Key[]): ReadonlyMap<string, string> {
  const named = keys.filter((key) => key !== null);
  return new Map(named.slice(0, MOST_SERIES).map((key, i) => [key, `tone-${i}`]));
}

function partsOf(
  sums: readonly { readonly key: Key; readonly usd: string }[],
  tones: ReadonlyMap<string, string>,
  dimension: string,
): Part[] {
  const shown = sums.flatMap(({ key, usd }) => {
    const tone = key === null ? undefined : tones.get(key);
    return key === null || tone === undefined ? [] : [{ name: key, tone, usd }];
  });
  const others = sums.filter(({ key }) => key !== null && !tones.has(key));
  const none = sums.filter(({ key }) => key === null);
  return [
    ...shown,
    ...(others.length === 0
      ? []
      : [{ name: 'others', tone: 'tone-others', usd: sumUsd(others.map(({ usd }) => usd)) }]),
    ...none.map(({ usd }) => ({ name: nameOfNone(dimension), tone: 'unattributed', usd })),
  ];
}

/** A day without spend is a gap in the picture, not a day left out. */
function withEveryDay(bars: readonly Bar[]): Bar[] {
  const byDay = new Map(bars.map((bar) => [bar.name, bar]));
  const days = bars.map(({ name }) => Date.parse(name)).toSorted((a, b) => a - b);
  const [first = 0, last = -1] = [days.at(0), days.at(-1)];
  return Array.from({ length: Math.floor((last - first) / DAY_MS) + 1 }, (_, i) => {
    const name = new Date(first + i * DAY_MS).toISOString().slice(0, 10);
    return byDay.get(name) ?? { name, parts: [] };
  });
}

/** Pixels may be floats; the amounts in words are exact. */
function lengthOf({ parts }: Bar): number {
  return parts.reduce((all, { usd }) => all + Number(usd), 0);
}

const WIDE = { ...CHART, width: 1100, left: 60 } as const;

function Columns({ bars }: { readonly bars: readonly Bar[] }) {
  const most = axisTop(Math.max(...bars.map(lengthOf), 0));
  const every = Math.ceil(bars.length / 12);
  const at = (i: number) => WIDE.left + (i / bars.length) * (WIDE.width - WIDE.left);
  const slot = (WIDE.width - WIDE.left) / bars.length;
  const thick = Math.min(slot * 0.7, 72);
  const yOf = (share: number) => WIDE.top + (1 - share) * WIDE.plotHeight;
  return (
    <svg
      viewBox={`0 0 ${WIDE.width} ${WIDE.height}`}
      role="img"
      aria-label="Spend by day; the table below has the numbers"
    >
      <Hatch />
      {[0, 0.5, 1].map((share) => (
        <g key={share}>
          <line class="grid" x1={WIDE.left} x2={WIDE.width} y1={yOf(share)} y2={yOf(share)} />
          <text x={WIDE.left - 6} y={yOf(share) + 4} text-anchor="end">
            {roundUsd(String(most * share))}
          </text>
        </g>
      ))}
      {bars.map(({ name, parts }, i) => {
        let below = 0;
        return (
          <g key={name}>
            {most > 0 &&
              parts.map((part) => {
                const share = Number(part.usd) / most;
                below += share;
                return (
                  <rect
                    class={`part ${part.tone}`}
                    x={at(i) + (slot - thick) / 2}
                    width={thick}
                    y={yOf(below)}
                    height={share * WIDE.plotHeight}
                    key={part.name}
                  >
                    <title>{`${name}, ${part.name}: $${part.usd}`}</title>
                  </rect>
                );
              })}
            {i % every === 0 && (
              <text x={at(i) + slot / 2} y={WIDE.height - 8} text-anchor="middle">
                {dayText(name)}
              </text>
            )}
          </g>
        );
      })}
    </svg>
  );
}

function Rows({ bars }: { readonly bars: readonly Bar[] }) {
  const most = Math.max(...bars.map(lengthOf), 0);
  return (
    <ul class="bars">
      {bars.map((bar) => (
        <li key={bar.name}>
          <span class="bar-name" title={bar.name}>
            {bar.name}
          </span>
          <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
            <Hatch />
            <Segments bar={bar} most={most} />
          </svg>
          <span class="number">{roundUsd(sumUsd(bar.parts.map(({ usd }) => usd)))}</span>
        </li>
      ))}
    </ul>
  );
}

function Segments({ bar, most }: { readonly bar: Bar; readonly most: number }) {
  let before = 0;
  if (most === 0) return null;
  return (
    <>
      {bar.parts.map(({ name, tone, usd }) => {
        const width = (100 * Number(usd)) / most;
        before += width;
        return (
          <rect class={`part ${tone}`} x={before - width} width={width} height="10" key={name}>
            <title>{`${bar.name}, ${name}: $${usd}`}</title>
          </rect>
        );
      })}
    </>
  );
}

function dayText(day: string): string {
  return new Date(day).toLocaleDateString(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });
}
