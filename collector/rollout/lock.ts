import type { GateAnswer } from '../../schemas/gate.js';
import type { RolloutMode } from '../../schemas/rollout.js';
import { rolloutModes } from '../../schemas/rollout.js';

/** Whether the gate allows enforcement in a scope, with what is needed to say so when it answers next. */
export interface Lock {
  /** Whether enforcement is allowed. */
  readonly isOpen: boolean;
  /** The last answer. */
  readonly gate: GateAnswer['answer'];
  /** Its first blocker; empty: none. */
  readonly blocker: string;
  /** Since when every answer has been `ready`, or none has. Microseconds since 1970, as all times here. */
  readonly turnedUs: number;
  readonly answeredUs: number;
}

/** How slowly the lock follows the gate, so that it does not flap where the gate does. */
export interface LockTimes {
  /** It closes when the gate has not been ready for so long. */
  readonly closeAfterUs: number;
  /** Having closed, it opens when the gate has been ready for so long. */
  readonly reopenAfterUs: number;
}

/**
 * The lock after another answer of the gate. It is made of nothing but the answers and their times, so whoever has seen
 * the same answers has the same lock.
 *
 * A gate that is ready when it is asked for the first time opens at once. A stretch in which nobody asked is no evidence
 * that the gate was ready: past `closeAfterUs` without an answer, the wait for opening begins anew, and a gate that is
 * not ready then closes at once.
 *
 * @param before null: the gate was never asked
 */
export function nextLock(
  before: Lock | null,
  { gate, blocker }: Pick<Lock, 'gate' | 'blocker'>,
  nowUs: number,
  { closeAfterUs, reopenAfterUs }: LockTimes,
): Lock {
  const isReady = gate === 'ready';
  if (before === null) return { isOpen: isReady, gate, blocker, turnedUs: nowUs, answeredUs: nowUs };
  const isSame = (before.gate === 'ready') === isReady;
  const wasWatched = nowUs - before.answeredUs <= closeAfterUs;
  // A clock that is set back must not hold the lock as it is until it has caught up.
  const turnedUs = isSame && wasWatched ? Math.min(before.turnedUs, nowUs) : nowUs;
  const lastedUs = nowUs - turnedUs;
  const isOpen = isReady
    ? before.isOpen || lastedUs >= reopenAfterUs
    : before.isOpen && wasWatched && lastedUs < closeAfterUs;
  return { isOpen, gate, blocker, turnedUs, answeredUs: nowUs };
}

/**
 * The mode that holds: the lower of what was asked and what the gate allows.
 *
 * @param lock null: the gate was never asked, and an unknown scope is never enforced
 */
export function effectiveMode(asked: RolloutMode, lock: Lock | null): RolloutMode {
  const allowed = lock?.isOpen === true ? 'enforce' : 'shadow';
  return rolloutModes.indexOf(asked) <= rolloutModes.indexOf(allowed) ? asked : allowed;
}
