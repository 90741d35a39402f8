import { auditTrace } from '../../auditor/audit.js';
import type { CompiledContract } from '../../auditor/contract.js';
import { reportOf } from '../../auditor/report.js';
import type { AuditReport } from '../../schemas/audit.js';
import type { Span } from '../../schemas/span.js';
import type { Store } from '../store/client.js';
import { readTrace } from '../store/spans.js';

/** One trace as it stands now, with its audit. */
export interface TraceView extends AuditReport {
  /** True where spans may still come: nothing about it is final yet. */
  readonly provisional: boolean;
  readonly spans: readonly Span[];
}

/** Reads a trace and audits it on the spot; null where no span of it is stored. */
export async function traceView(
  store: Store,
  contract: CompiledContract,
  traceId: string,
  nowUs: number,
  quietMs: number,
): Promise<TraceView | null> {
  const { spans, lastArrivalUs } = await readTrace(store, traceId);
  if (spans.length === 0) return null;
  return { provisional: lastArrivalUs > nowUs - quietMs * 1000, ...reportOf([auditTrace(spans, contract)]), spans };
}
