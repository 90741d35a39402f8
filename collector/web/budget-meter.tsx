import type { Budget } from '../../schemas/budget.js';
import { roundUsd, shareText } from './figures.js';

const WIDTH = 1000;
const HEIGHT = 46;
const TOP = 14;
const THICK = 18;

/** Spend against the limit as a bar: what is spent, where warnings are due, and what the period is expected to come to. */
export function BudgetMeter({
  budget: { policy, spent, limitUsd, share, thresholds, forecast },
}: {
  readonly budget: Budget;
}) {
  // Pixels may be floats; the amounts in words are exact.
  const limit = Number(limitUsd);
  const expected = forecast === null ? null : Number(forecast.atPeriodEndUsd.expected);
  const upper = Number(forecast?.atPeriodEndUsd.upper ?? 0);
  // What lies far beyond the limit must not squeeze all that lies before it.
  const most = Math.min(
    Math.max(limit, Number(spent.costUsd), expected ?? 0, upper),
    2 * Math.max(limit, Number(spent.costUsd)),
  );
  const xOf = (usd: number) => (WIDTH - 2) * Math.min(1, usd / most);
  return (
    <svg
      class="meter"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={`${policy}: ${shareText(share)} of ${roundUsd(limitUsd)} spent`}
    >
      <rect class="meter-limit" y={TOP} width={xOf(limit)} height={THICK} rx="4" />
      <rect
        class={share >= 1 ? 'meter-over' : 'meter-spent'}
        y={TOP}
        width={xOf(Number(spent.costUsd))}
        height={THICK}
        rx="4"
      />
      {thresholds.map((threshold) => (
        <g class={threshold.isCrossed ? 'crossed' : ''} key={threshold.share}>
          <line
            class="meter-threshold"
            x1={xOf(Number(threshold.usd))}
            x2={xOf(Number(threshold.usd))}
            y1={TOP - 3}
            y2={TOP + THICK + 3}
          />
          <text
            x={xOf(Number(threshold.usd))}
            y={TOP - 4}
            text-anchor={xOf(Number(threshold.usd)) > WIDTH - 40 ? 'end' : 'middle'}
          >
            {Math.round(threshold.share * 100)} %
          </text>
        </g>
      ))}
      {expected !== null && forecast !== null && (
        <g class="meter-forecast">
          <line
            x1={xOf(Number(forecast.atPeriodEndUsd.lower ?? expected))}
            x2={xOf(Number(forecast.atPeriodEndUsd.upper ?? expected))}
            y1={TOP + THICK + 8}
            y2={TOP + THICK + 8}
          />
          <circle cx={xOf(expected)} cy={TOP + THICK + 8} r="4" />
        </g>
      )}
    </svg>
  );
}
