import { answeredWithin } from '../store/answered-within.js';
import type { Store } from '../store/client.js';
import { StoreUnavailable } from '../store/errors.js';

/** Probes wait for a second or few: a store that is slower than this counts as away. */
const PATIENCE_MS = 2_000;

/** Whether new work should be sent here. While it is not, Waybill still lives, and finishes what it has. */
export interface Readiness {
  /** @throws StoreUnavailable that says why not */
  readonly check: () => Promise<void>;
  /** From now on, and until the end, no new work is wanted. */
  readonly drain: () => void;
}

/** Ready is who reaches the store and is not about to stop. */
export function createReadiness(store: Store): Readiness {
  let isDraining = false;
  return {
    check: async () => {
      if (isDraining) throw new StoreUnavailable('Waybill is shutting down.');
      await answeredWithin(PATIENCE_MS, store.rows('SELECT 1'));
    },
    drain: () => {
      isDraining = true;
    },
  };
}
