import type { Call } from '../../schemas/audit.js';
import type { AuditToWrite, WholeAudit } from '../store/audit-rows.js';

/** The same audit, which is noted with those of its calls that have findings: these are known once they were gone through. */
export function noticing(one: AuditToWrite, noticed: WholeAudit[]): AuditToWrite {
  const found: Call[] = [];
  noticed.push({ ...one, audit: { ...one.audit, calls: found } });
  return { ...one, audit: { ...one.audit, calls: notingFound(one.audit.calls, found) } };
}

function* notingFound(calls: Iterable<Call>, found: Call[]): Generator<Call> {
  for (const call of calls) {
    if (call.findings.length > 0) found.push(call);
    yield call;
  }
}

/** Whether there is anything to tell of an audit that was noted. */
export function hasFindings({ audit: { calls, findings } }: WholeAudit): boolean {
  return findings.length > 0 || calls.length > 0;
}
