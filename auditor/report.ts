import type { AuditReport, Finding, Verdict } from '../schemas/audit.js';
import type { TraceAudit } from './audit.js';
import { formatUsd, parseUsd } from './cost/usd.js';

/** Puts the audits of several traces together, with their sums. Costs are added exactly. */
export function reportOf(audits: readonly TraceAudit[]): AuditReport {
  const calls = audits.flatMap((audit) => audit.calls);
  const verdicts: Record<Verdict, number> = { enforceable: 0, attributed: 0, unattributed: 0 };
  for (const { verdict } of calls) verdicts[verdict] += 1;
  const known = calls.flatMap(({ costUsd }) => (costUsd === null ? [] : [costUsd]));
  return {
    version: 1,
    summary: {
      traces: audits.length,
      calls: calls.length,
      costUsd: known.length === 0 ? null : sumUsd(known),
      unknownCost: calls.length - known.length,
      verdicts,
    },
    calls,
    findings: audits.flatMap((audit) => audit.findings),
  };
}

/** Adds amounts of US dollars exactly. */
export function sumUsd(amounts: readonly string[]): string {
  return formatUsd(amounts.reduce((sum, amount) => sum + (parseUsd(amount) ?? 0n), 0n));
}

/** Whether a report holds: every call is enforceable, and no finding is an error. */
export function holds({ calls, findings }: AuditReport): boolean {
  return calls.every((call) => call.verdict === 'enforceable' && !hasError(call.findings)) && !hasError(findings);
}

function hasError(findings: readonly Pick<Finding, 'severity'>[]): boolean {
  return findings.some(({ severity }) => severity === 'error');
}
