import type { ArrivalWindow } from '../store/settled.js';

const SECOND_US = 1_000_000;

/**
 * Rows become visible some time after their own timestamp, so a round looks back over ground that was swept before:
 * every half minute over the last minute, every hour over the last day. What has not changed is not audited again.
 */
const OVERLAPS = [
  { everyUs: 30 * SECOND_US, backUs: 60 * SECOND_US },
  { everyUs: 3_600 * SECOND_US, backUs: 86_400 * SECOND_US },
] as const;

/** Whoever begins anew looks so far back, microseconds: as the next sweep would have. */
export const LOOK_BACK_US: number = OVERLAPS[0].backUs;

/**
 * A trace for which spans keep coming never settles: as often as so many quiet periods pass it is audited as it stands,
 * so that nobody can keep spend out of sight by never ending a trace.
 */
const OVERDUE_QUIET_PERIODS = 12;

/** Ground that was swept before, and is to be swept again. */
export interface Sweep {
  readonly window: Omit<ArrivalWindow, 'share'>;
  /** Says that it was. */
  readonly done: () => void;
}

/** Knows what of a share is to be swept again, and when. Times are microseconds since 1970. */
export interface Sweeps {
  readonly due: (nowUs: number) => readonly Sweep[];
}

/** Starts to plan the sweeps of a share. @param quietUs the quiet period, microseconds */
export function createSweeps(startedUs: number, quietUs: number): Sweeps {
  const overdueUs = OVERDUE_QUIET_PERIODS * quietUs;
  const plans = [
    ...OVERLAPS.map((overlap) => ({ ...overlap, isOverdue: false, lastUs: startedUs })),
    { everyUs: overdueUs, backUs: overdueUs, isOverdue: true, lastUs: startedUs },
  ];
  return {
    due: (nowUs) => {
      const settledBeforeUs = nowUs - quietUs;
      return plans
        .filter(({ everyUs, lastUs }) => Math.abs(nowUs - lastUs) >= everyUs)
        .map((plan) => {
          const fromUs = settledBeforeUs - plan.backUs;
          const overdue = plan.isOverdue ? { overdueBeforeUs: fromUs + overdueUs / 2 } : {};
          return {
            window: { fromUs, toUs: settledBeforeUs, settledBeforeUs, ...overdue },
            done: () => {
              plan.lastUs = nowUs;
            },
          };
        });
    },
  };
}
