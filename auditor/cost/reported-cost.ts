import { formatUsd, parseUsd, PICO_PER_USD } from './usd.js';

/** More than a call can cost; the store holds six digits before the point. */
const MAX_COST_PICO = 1_000_000n * PICO_PER_USD;

/**
 * Reads what somebody says that a call cost: US dollars, as written by `formatUsd`; null where it is no amount that a
 * call can cost. Digits past the twelfth are rounded half up, once.
 */
export function reportedCostUsd(text: string): string | null {
  const pico = parseUsd(text);
  return pico !== null && pico >= 0n && pico < MAX_COST_PICO ? formatUsd(pico) : null;
}
