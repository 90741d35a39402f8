import type { CompiledContract } from '../../../auditor/contract.js';
import type { Budget, Reporting } from '../../../auditor/policy/simulated-budget.js';
import { startReplay } from '../../../auditor/policy/simulate.js';
import type { Simulation } from '../../../schemas/simulation.js';
import type { Store } from '../client.js';
import { replayCalls } from './replay-calls.js';
import type { Window } from './scope.js';

/** What is simulated: budgets over a window. */
export interface AskedSimulation extends Reporting {
  readonly budgets: readonly Budget[];
  readonly window: Window;
  /** Is told how many calls of how many are replayed. */
  readonly onProgress?: ((done: number, of: number) => void) | undefined;
}

/**
 * Replays the calls of a window against budgets as if blocking had been on.
 *
 * @param page how many calls are read at a time
 */
export async function simulate(
  store: Store,
  contract: CompiledContract,
  { budgets, window, onProgress, ...reporting }: AskedSimulation,
  page?: number,
): Promise<Simulation> {
  const replay = startReplay({ ...reporting, ...window, budgets, contract });
  let done = 0;
  for await (const { calls, of } of replayCalls(store, { fromUs: replay.replayedFromUs, toUs: window.toUs }, page)) {
    for (const call of calls) replay.add(call);
    done += calls.length;
    // Calls may come in while it runs.
    onProgress?.(done, Math.max(done, of));
  }
  return replay.result();
}
