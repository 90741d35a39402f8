import { auditTrace } from '../../auditor/audit.js';
import type { CompiledContract } from '../../auditor/contract.js';
import { createAuditComparison } from '../../auditor/score/compare-audits.js';
import { neighboursOf } from '../../auditor/trace/neighbours.js';
import type { Reaudit } from '../../schemas/reaudit.js';
import { auditedTraces, countAuditedTraces } from '../store/audited-traces.js';
import { writeAudits } from '../store/audits.js';
import type { Store } from '../store/client.js';
import type { Window } from '../store/questions/scope.js';
import { iso } from '../store/questions/scope.js';
import { chunksOf, readTraces } from '../store/read-traces.js';

const CHUNK_SPANS = 20_000;

export interface ReauditOptions {
  readonly store: Store;
  /** The contract in force. */
  readonly before: CompiledContract;
  /** The one that is tried. */
  readonly after: CompiledContract;
  /** Whole days of it are audited. */
  readonly window: Window;
  /** Whether the new audits take the place of those before. */
  readonly isWritten: boolean;
  /** The present, microseconds since 1970. */
  readonly clockUs: () => number;
  /** Is told how far it has come, in traces. */
  readonly onProgress?: (done: number, of: number) => void;
}

/**
 * Audits the stored traces of a window again under another contract, and compares. Traces are read chunk by chunk, so
 * that a month takes no more memory than a minute.
 */
export async function reaudit({
  store,
  before,
  after,
  window,
  isWritten,
  clockUs,
  onProgress = () => {},
}: ReauditOptions): Promise<Reaudit> {
  const all = await countAuditedTraces(store, window);
  const comparison = createAuditComparison();
  let done = 0;
  for await (const page of auditedTraces(store, window)) {
    for (const chunk of chunksOf(page, CHUNK_SPANS)) {
      const traces = [...(await readTraces(store, chunk))].filter(({ spans }) => spans.length > 0);
      const neighbours = neighboursOf(traces.flatMap(({ spans }) => spans));
      const audits = traces.map((trace) => ({ ...trace, audit: auditTrace(trace.spans, after, neighbours) }));
      for (const { spans, audit } of audits) comparison.add(auditTrace(spans, before, neighbours), audit);
      if (isWritten) await writeAudits(store, audits, clockUs());
      done += chunk.length;
      onProgress(Math.min(done, all), all);
    }
  }
  return { from: iso(window.fromUs), to: iso(window.toUs), isWritten, ...comparison.result() };
}
