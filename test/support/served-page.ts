import { auditTrace } from '../../auditor/audit.js';
import type { DecisionRow } from '../../collector/decisions/writer.js';
import { startDecisionWriter } from '../../collector/decisions/writer.js';
import { raiseAlerts } from '../../collector/store/alerts.js';
import { writeAudits } from '../../collector/store/audits.js';
import { writeRecordSpans } from '../../collector/store/payloads.js';
import type { Alert } from '../../schemas/alert.js';
import type { Span } from '../../schemas/span.js';
import { startTestApi } from './api.js';
import { contract } from './contract.js';
import { startTestStore } from './engine.js';

/** Thresholds that the few calls of a test can meet; one policy that covers all, and one that covers nobody here. */
const judgedBy = contract({
  services: { web: { role: 'entry' }, gateway: { role: 'gateway', enforces: true, records: 'litellm' } },
  policies: [
    { id: 'pro-monthly', limit: { usd: 2, per: 'month' }, alerts: [0.5, 1] },
    { id: 'left-over', match: { tenant: ['long-gone'] }, limit: { usd: 10, per: 'month' } },
  ],
  gate: { days: 1, calls: 10, enforceableSpend: 0.9, enforceableCalls: 0.5, misattributedCalls: 0.5 },
});

/** A page of `waybill serve` over a real engine, and how to store what it shows. */
export interface ServedPage extends AsyncDisposable {
  readonly url: string;
  /** Stores traces, one an entry, audits them, and stores their calls. */
  readonly keep: (traces: readonly (readonly Span[])[]) => Promise<void>;
  /** Raises an alert that mail is to carry. */
  readonly raise: (alert: Alert) => Promise<void>;
  /** Keeps a decision. */
  readonly decided: (row: DecisionRow) => Promise<void>;
  /** Has the gate asked for every scope that is rolled out. */
  readonly judge: () => Promise<void>;
}

/** Serves the built page and the API at a free port. @param nowUs the present, microseconds since 1970 */
export async function servePage(nowUs: number): Promise<ServedPage> {
  const test = await startTestStore();
  const api = await startTestApi(test.store, judgedBy, () => nowUs);
  return {
    url: `${api.url}/`,
    keep: async (traces) => {
      const audits = traces.map((spans) => auditTrace([...spans], judgedBy));
      const firstDay = new Date(nowUs / 1_000 - 30 * 86_400_000).toISOString().slice(0, 10);
      await writeRecordSpans(test.store, traces.flat(), nowUs - 60_000_000);
      await writeAudits(
        test.store,
        audits.map((audit) => ({ audit, seenUs: [nowUs], firstDay, earlier: null })),
        nowUs,
      );
    },
    raise: async (alert) => {
      await raiseAlerts(test.store, [alert], () => ['mail']);
    },
    decided: async (row) => {
      await using writer = startDecisionWriter({ store: test.store });
      await writer.write(row);
    },
    judge: api.rollouts.judge,
    [Symbol.asyncDispose]: async () => {
      await api[Symbol.asyncDispose]();
      await test[Symbol.asyncDispose]();
    },
  };
}
