import type { BudgetPeriod } from '../../schemas/simulation.js';

const HOUR_US = 3_600_000_000;
const DAY_US = 24 * HOUR_US;
const WEEK_US = 7 * DAY_US;
/** 1970-01-05, the first Monday after the epoch. */
const FIRST_MONDAY_US = 4 * DAY_US;

/** A stretch of time: the start is in it, the end is not. Microseconds since 1970. */
export interface PeriodBounds {
  readonly fromUs: number;
  readonly toUs: number;
}

/** The calendar period, UTC, that holds a moment. Weeks begin on Monday, as in ISO 8601. */
export function periodAt(us: number, per: BudgetPeriod): PeriodBounds {
  switch (per) {
    case 'hour':
      return bounded(us, HOUR_US, 0);
    case 'day':
      return bounded(us, DAY_US, 0);
    case 'week':
      return bounded(us, WEEK_US, FIRST_MONDAY_US);
    case 'month': {
      const date = new Date(Math.floor(us / 1_000));
      const startOf = (month: number): number => Date.UTC(date.getUTCFullYear(), month) * 1_000;
      return { fromUs: startOf(date.getUTCMonth()), toUs: startOf(date.getUTCMonth() + 1) };
    }
  }
}

function bounded(us: number, lengthUs: number, originUs: number): PeriodBounds {
  const fromUs = Math.floor((us - originUs) / lengthUs) * lengthUs + originUs;
  return { fromUs, toUs: fromUs + lengthUs };
}
