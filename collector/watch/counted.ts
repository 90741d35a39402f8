import type { auditCallByCall, CallByCallAudit } from '../../auditor/audit.js';
import type { Call, Finding, TraceFinding } from '../../schemas/audit.js';
import type { Store } from '../store/client.js';
import type { Metrics } from './metrics.js';
import type { OwnTraces } from './own-traces.js';

/** The same audit, with its findings counted by rule: those of a call when it is worked out. */
export function countFindings(audit: typeof auditCallByCall, { found }: Metrics): typeof auditCallByCall {
  const count = (findings: readonly (Finding | TraceFinding)[]): void => {
    for (const { rule } of findings) found(rule);
  };
  return (...args) => {
    const audited = audit(...args);
    count(audited.findings);
    return { ...audited, calls: counted(audited.calls) };
  };

  function* counted(calls: CallByCallAudit['calls']): Generator<Call> {
    for (const call of calls) {
      count(call.findings);
      yield call;
    }
  }
}

/** The same store, with its inserts timed. */
export function timeInserts(store: Store, { inserted }: Metrics): Store {
  return {
    ...store,
    insertRowBinary: async (...insert) => {
      const startMs = performance.now();
      const seconds = (): number => (performance.now() - startMs) / 1_000;
      try {
        await store.insertRowBinary(...insert);
      } catch (error) {
        inserted(seconds(), 'failed');
        throw error;
      }
      inserted(seconds(), 'ok');
    },
  };
}

/** The same store, with its inserts of spans in own traces. */
export function traceInserts(store: Store, { within }: OwnTraces): Store {
  return {
    ...store,
    insertRowBinary: (table, columns, body, withinMs) =>
      within(`insert ${table}`, { 'waybill.bytes': body.byteLength }, () =>
        store.insertRowBinary(table, columns, body, withinMs),
      ),
  };
}
