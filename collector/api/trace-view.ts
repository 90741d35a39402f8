import { auditTrace } from '../../auditor/audit.js';
import type { CompiledContract } from '../../auditor/contract.js';
import { reportOf } from '../../auditor/report.js';
import type { AuditReport } from '../../schemas/audit.js';
import type { Span } from '../../schemas/span.js';
import type { Store } from '../store/client.js';
import { isTraceWithin } from '../store/questions/within.js';
import { readTrace } from '../store/spans.js';

/** One trace as it stands now, with its audit. */
export interface TraceView extends AuditReport {
  /** True where spans may still come: nothing about it is final yet. */
  readonly provisional: boolean;
  readonly spans: readonly Span[];
}

/**
 * Reads a trace and audits it on the spot; null where no span of it is stored.
 *
 * @param within only a trace of these tenants alone; any where left out
 */
export async function traceView(
  store: Store,
  contract: CompiledContract,
  traceId: string,
  nowUs: number,
  quietMs: number,
  within?: readonly string[],
): Promise<TraceView | null> {
  const { spans, lastArrivalUs } = await readTrace(store, traceId);
  if (spans.length === 0) return null;
  const report = reportOf([auditTrace(spans, contract)]);
  if (within !== undefined && !isTraceWithin(within, spans, report.calls, contract)) return null;
  return { provisional: lastArrivalUs > nowUs - quietMs * 1000, ...report, spans };
}
