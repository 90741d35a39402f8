import type { Store } from '../../collector/store/client.js';
import type { Span } from '../../schemas/span.js';
import { contract } from './contract.js';
import { storeAudits } from './store-audits.js';
import { clean, trace } from './trace.js';

/** A gate that a few calls can open, and that a few bad ones keep shut. */
export const easyGate = {
  gate: { window: '1d', days: 1, calls: 10, enforceableSpend: 0.6, enforceableCalls: 0.6, misattributedCalls: 0.4 },
} as const;

/** Stores the calls of `gateTraces`, audited. */
export async function storeGateAudits(store: Store, nowUs: number): Promise<void> {
  await storeAudits(store, contract(easyGate), gateTraces(nowUs), nowUs);
}

/** Calls of an hour ago: `acme` is ready, `globex` loses its tenant at the gateway, `initech` has too few calls. */
export function gateTraces(nowUs: number): readonly (readonly Span[])[] {
  const at = { startUs: nowUs - 3_600_000_000, endUs: nowUs - 3_599_000_000 };
  return [
    { tenant: 'acme', calls: 12, isLost: false },
    { tenant: 'globex', calls: 12, isLost: true },
    { tenant: 'initech', calls: 3, isLost: false },
  ].flatMap(({ tenant, calls, isLost }, kind) =>
    Array.from({ length: calls }, (_, i) => {
      const carried = { ...clean, tenant };
      const { tenant: _lost, ...nameless } = carried;
      return trace(100 * kind + i + 1)
        .station('web', carried, at)
        .station('litellm', isLost ? nameless : carried, at)
        .call('gpt-4o', undefined, { span: at }).spans;
    }),
  );
}
