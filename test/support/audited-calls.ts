import type { Store } from '../../collector/store/client.js';

/** The calls that audits have found, by trace and span. */
export function auditedCalls(store: Store): Promise<unknown[]> {
  return store.rows(
    'SELECT trace_id, span_id, verdict, toString(cost_usd) AS cost FROM calls FINAL ORDER BY trace_id, span_id',
  );
}

/** Forgets all that was received and audited. */
export async function forgetAudits(store: Store): Promise<void> {
  for (const table of ['spans', 'arrivals', 'calls', 'audits', 'cuts']) await store.command(`TRUNCATE TABLE ${table}`);
}
