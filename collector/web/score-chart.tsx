import type { SeriesPoint } from '../store/questions/series.js';
import { CHART, slotMiddle, TimeAxis, xOf } from './chart.js';
import { momentText, percentText, shareText } from './figures.js';
import { Heads } from './heads.js';

/** Score and row-level share over time, on one axis from 0 to 100. */
export function ScoreChart({ points }: { readonly points: readonly SeriesPoint[] }) {
  const score = points.map((point) => point.score);
  const rowLevel = points.map((point) => (point.rowLevel === null ? null : point.rowLevel * 100));
  return (
    <section class="panel" aria-labelledby="score-time">
      <h2 id="score-time">Score and row level over time</h2>
      <p class="legend">
        <span class="key score-key" /> score
        <svg class="swatch" viewBox="0 0 14 14" aria-hidden="true">
          <rect class="bounds" width="14" height="14" />
        </svg>
        up to its upper bound
        <span class="key row-key" /> row level (dashed)
      </p>
      <svg
        viewBox={`0 0 ${CHART.width} ${CHART.height}`}
        role="img"
        aria-label="Score and row level, in percent; the table below has the numbers"
      >
        {[0, 50, 100].map((percent) => (
          <g key={percent}>
            <line class="grid" x1={CHART.left} x2={CHART.width} y1={yOf(percent)} y2={yOf(percent)} />
            <text x={CHART.left - 6} y={yOf(percent) + 4} text-anchor="end">
              {percent}
            </text>
          </g>
        ))}
        <Bounds points={points} />
        <Line values={rowLevel} kind="row-line" />
        <Line values={score} kind="score-line" />
        <TimeAxis points={points} />
      </svg>
      <details>
        <summary>The numbers</summary>
        <table>
          <Heads of={['From', { number: 'Score' }, { number: 'Upper bound' }, { number: 'Row level' }]} />
          <tbody>
            {points.map((point) => (
              <tr key={point.from}>
                <td>{momentText(point.from)}</td>
                <td class="number">{percentText(point.score)}</td>
                <td class="number">{shareText(point.enforceable?.upper ?? null)}</td>
                <td class="number">{shareText(point.rowLevel)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </section>
  );
}

/** The 95 % interval of the enforceable share, a block a stretch: the score is its lower end. */
function Bounds({ points }: { readonly points: readonly SeriesPoint[] }) {
  return (
    <>
      {points.map(({ from, enforceable }, i) => {
        if (enforceable === null) return null;
        const left = xOf(i + 0.3, points.length);
        return (
          <rect
            class="bounds"
            x={left}
            width={xOf(i + 0.7, points.length) - left}
            y={yOf(enforceable.upper * 100)}
            height={yOf(enforceable.lower * 100) - yOf(enforceable.upper * 100)}
            rx="3"
            key={from}
          />
        );
      })}
    </>
  );
}

/** Draws a line that is broken where there is no value: no calls is not a score of zero. */
function Line({ values, kind }: { readonly values: readonly (number | null)[]; readonly kind: string }) {
  const at = (i: number): number => slotMiddle(i, values.length);
  const path = values
    .map((value, i) => {
      if (value === null) return '';
      const isFirst = (values[i - 1] ?? null) === null;
      return `${isFirst ? 'M' : 'L'}${at(i).toFixed(1)} ${yOf(value).toFixed(1)}`;
    })
    .join('');
  return (
    <g class={kind}>
      <path d={path} />
      {values.map(
        (value, i) => value !== null && <circle cx={at(i)} cy={yOf(value)} r={3} key={xOf(i, values.length)} />,
      )}
    </g>
  );
}

function yOf(percent: number): number {
  return CHART.top + (1 - percent / 100) * CHART.plotHeight;
}
