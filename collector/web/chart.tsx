import type { SeriesPoint } from '../store/questions/series.js';

/** The measures of every chart, in units of its view box. */
export const CHART = { width: 640, height: 210, left: 52, top: 10, plotHeight: 170 } as const;

/** Where stretch `i` of `count` begins. */
export function xOf(i: number, count: number): number {
  return CHART.left + (i / count) * (CHART.width - CHART.left);
}

/** Where the middle of stretch `i` of `count` is. */
export function slotMiddle(i: number, count: number): number {
  return xOf(i + 0.5, count);
}

/** Dates below a chart, as many as fit. */
export function TimeAxis({ points }: { readonly points: readonly SeriesPoint[] }) {
  const step = Math.ceil(points.length / 7);
  return (
    <g>
      {points.map(
        (point, i) =>
          i % step === 0 && (
            <text x={slotMiddle(i, points.length)} y={CHART.height - 8} text-anchor="middle" key={point.from}>
              {stretchText(point)}
            </text>
          ),
      )}
    </g>
  );
}

/** Hours are shown in the viewer's zone; longer stretches are days of UTC, and named as such. */
export function stretchText({ from, to }: SeriesPoint): string {
  const isHour = Date.parse(to) - Date.parse(from) < 86_400_000;
  return isHour
    ? new Date(from).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' })
    : new Date(from).toLocaleDateString(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });
}

/** What marks spend that nobody is named for, where colour does not. */
export function Hatch() {
  return (
    <defs>
      <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect class="hatch-ground" width="6" height="6" />
        <rect class="hatch-stripe" width="2.5" height="6" />
      </pattern>
    </defs>
  );
}

/** The top of an axis that holds an amount: the next number that reads well, and its half too. */
export function axisTop(most: number): number {
  if (most <= 0) return 0;
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10].find((one) => one * power >= most * (1 - 1e-9)) ?? 10;
  // Powers of ten below one are no exact doubles.
  return Number((step * power).toPrecision(6));
}
