import type { DeliveryState } from '../../schemas/alert.js';
import { parseIsoUs } from '../iso-micros.js';

const SECOND_US = 1_000_000;
const FIRST_WAIT_US = 5 * SECOND_US;
const LONGEST_WAIT_US = 3_600 * SECOND_US;
/** With the waits between them, five to six hours. */
const MOST_ATTEMPTS = 15;
/** An attempt takes half a minute at most: who has not said by then what came of it is gone. */
const LEASE_US = 60 * SECOND_US;

/** What is older is no longer sent: news of the day before yesterday helps nobody. */
export const STALE_AFTER_US = 48 * 3_600 * SECOND_US;

/** The last attempt to tell a channel of an alert. */
export interface LastAttempt {
  /** How many there were, this one included. */
  readonly attempts: number;
  readonly state: 'sending' | 'delivered' | 'failed';
  readonly updatedAt: string;
}

/** What became of an alert on its way to a channel. @param last null: nobody has tried yet */
export function deliveryState(last: LastAttempt | null, raisedUs: number, nowUs: number): DeliveryState {
  if (last?.state === 'delivered') return 'delivered';
  const isSpent = last !== null && last.attempts >= MOST_ATTEMPTS && !isUnderWay(last, nowUs);
  return isSpent || nowUs - raisedUs > STALE_AFTER_US ? 'gave-up' : 'pending';
}

/** The number of the attempt that is due now, from 1; null: none is, now or any more. */
export function dueAttempt(last: LastAttempt | null, raisedUs: number, nowUs: number): number | null {
  if (deliveryState(last, raisedUs, nowUs) !== 'pending') return null;
  if (last === null) return 1;
  if (isUnderWay(last, nowUs)) return null;
  const waitUs = Math.min(LONGEST_WAIT_US, FIRST_WAIT_US * 2 ** (last.attempts - 1));
  const isDue = last.state === 'sending' || nowUs - parseIsoUs(last.updatedAt) >= waitUs;
  return isDue ? last.attempts + 1 : null;
}

function isUnderWay({ state, updatedAt }: LastAttempt, nowUs: number): boolean {
  return state === 'sending' && nowUs - parseIsoUs(updatedAt) < LEASE_US;
}
