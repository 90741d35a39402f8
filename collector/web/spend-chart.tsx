import type { SeriesPoint } from '../store/questions/series.js';
import { axisTop, CHART, Hatch, stretchText, TimeAxis, xOf } from './chart.js';
import { countText, roundUsd } from './figures.js';
import { Usd } from './usd.js';

/** From the ground up; texture tells them apart where colour does not. */
const PARTS = [
  { verdict: 'enforceable', label: 'defensible' },
  { verdict: 'attributed', label: 'attributed, not enforceable' },
  { verdict: 'unattributed', label: 'unattributed' },
] as const;

/** Spend over time, stacked by verdict. */
export function SpendChart({ points }: { readonly points: readonly SeriesPoint[] }) {
  const totals = points.map(({ spendUsd }) => PARTS.reduce((sum, { verdict }) => sum + Number(spendUsd[verdict]), 0));
  const unknownCost = points.reduce((sum, point) => sum + point.unknownCost, 0);
  const most = axisTop(Math.max(...totals, 0));
  return (
    <section class="panel" aria-labelledby="spend-time">
      <h2 id="spend-time">Spend over time</h2>
      <p class="legend">
        {PARTS.map(({ verdict, label }) => (
          <span key={verdict}>
            <svg class="swatch" viewBox="0 0 14 14" aria-hidden="true">
              <rect class={`part ${verdict}`} width="14" height="14" />
            </svg>{' '}
            {label}
          </span>
        ))}
        {unknownCost > 0 && <span>not drawn: {countText(unknownCost)} of unknown cost</span>}
      </p>
      <svg
        viewBox={`0 0 ${CHART.width} ${CHART.height}`}
        role="img"
        aria-label="Spend by verdict; the table below has the numbers"
      >
        <Hatch />
        {[0, 0.5, 1].map((share) => (
          <g key={share}>
            <line class="grid" x1={CHART.left} x2={CHART.width} y1={yOf(share)} y2={yOf(share)} />
            <text x={CHART.left - 6} y={yOf(share) + 4} text-anchor="end">
              {roundUsd(String(most * share))}
            </text>
          </g>
        ))}
        {points.map((point, i) => (
          <Bar point={point} at={i} count={points.length} most={most} key={point.from} />
        ))}
        <TimeAxis points={points} />
      </svg>
      <details>
        <summary>The numbers</summary>
        <Numbers points={points} />
      </details>
    </section>
  );
}

interface BarProps {
  readonly point: SeriesPoint;
  readonly at: number;
  readonly count: number;
  /** US dollars at the top of the chart. Pixels may be floats; the amounts in words are exact. */
  readonly most: number;
}

function Bar({ point, at, count, most }: BarProps) {
  if (most === 0) return null;
  const left = xOf(at + 0.15, count);
  const width = xOf(at + 0.85, count) - left;
  let below = 0;
  return (
    <g>
      {PARTS.map(({ verdict, label }) => {
        const share = Number(point.spendUsd[verdict]) / most;
        below += share;
        return (
          <rect
            class={`part ${verdict}`}
            x={left}
            width={width}
            y={yOf(below)}
            height={share * CHART.plotHeight}
            key={verdict}
          >
            <title>{`${stretchText(point)}, ${label}: $${point.spendUsd[verdict]}`}</title>
          </rect>
        );
      })}
    </g>
  );
}

function Numbers({ points }: { readonly points: readonly SeriesPoint[] }) {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Time</th>
          {PARTS.map(({ verdict, label }) => (
            <th scope="col" class="number" key={verdict}>
              {label}
            </th>
          ))}
          <th scope="col" class="number">
            calls of unknown cost
          </th>
        </tr>
      </thead>
      <tbody>
        {points.map((point) => (
          <tr key={point.from}>
            <td>{stretchText(point)}</td>
            {PARTS.map(({ verdict }) => (
              <td class="number" key={verdict}>
                <Usd amount={point.spendUsd[verdict]} />
              </td>
            ))}
            <td class="number">{countText(point.unknownCost)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function yOf(share: number): number {
  return CHART.top + (1 - share) * CHART.plotHeight;
}
