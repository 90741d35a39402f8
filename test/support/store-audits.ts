import { auditTrace } from '../../auditor/audit.js';
import type { CompiledContract } from '../../auditor/contract.js';
import { writeAudits } from '../../collector/store/audits.js';
import type { Store } from '../../collector/store/client.js';
import type { Span } from '../../schemas/span.js';

/** Audits traces and stores what comes of it, as the audit loop would. @param nowUs microseconds since 1970 */
export async function storeAudits(
  store: Store,
  contract: CompiledContract,
  traces: readonly (readonly Span[])[],
  nowUs: number,
): Promise<void> {
  const audits = traces.map((spans) => {
    const firstUs = Math.min(...spans.map(({ startUs }) => startUs));
    return {
      audit: auditTrace(spans, contract),
      seenUs: [nowUs],
      firstDay: new Date(firstUs / 1_000).toISOString().slice(0, 10),
      earlier: null,
    };
  });
  await writeAudits(store, audits, nowUs);
}
