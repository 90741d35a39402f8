import type { Call, Verdict } from '../../schemas/audit.js';
import { verdictSchema } from '../../schemas/audit.js';
import type { Reaudit } from '../../schemas/reaudit.js';
import type { TraceAudit } from '../audit.js';
import { formatUsd, parseUsd } from '../cost/usd.js';
import { createRunningTally } from './running-tally.js';
import { scoreOf } from './score.js';

/** Two ways of judging the same traces, put side by side as they come. */
export interface AuditComparison {
  /** Takes the audits of one trace by both contracts. */
  readonly add: (before: TraceAudit, after: TraceAudit) => void;
  readonly result: () => Pick<Reaudit, 'traces' | 'before' | 'after' | 'verdicts' | 'rules'>;
}

/** Starts a comparison; it keeps sums, and no calls. */
export function createAuditComparison(): AuditComparison {
  const [before, after] = [createRunningTally(), createRunningTally()];
  const moves = new Map<string, { from: Verdict; to: Verdict; calls: number; pico: bigint }>();
  const rules = new Map<string, { before: number; after: number }>();
  let traces = 0;

  const countRules = (audit: TraceAudit, when: 'before' | 'after'): void => {
    const found = [...audit.calls.flatMap(({ findings }) => findings), ...audit.findings];
    for (const { rule } of found) {
      const counts = rules.get(rule) ?? { before: 0, after: 0 };
      counts[when] += 1;
      rules.set(rule, counts);
    }
  };

  const countMove = (one: Call, other: Call): void => {
    const key = `${one.verdict} ${other.verdict}`;
    const move = moves.get(key) ?? { from: one.verdict, to: other.verdict, calls: 0, pico: 0n };
    move.calls += 1;
    move.pico += other.costUsd === null ? 0n : (parseUsd(other.costUsd) ?? 0n);
    moves.set(key, move);
  };

  return {
    add: (old, now) => {
      traces += 1;
      const verdicts = new Map(old.calls.map((call) => [call.spanId, call]));
      for (const call of old.calls) before.add(call);
      for (const call of now.calls) {
        after.add(call);
        // Which spans are billable calls is for the spans to say, so that each has its counterpart.
        const counterpart = verdicts.get(call.spanId);
        if (counterpart !== undefined) countMove(counterpart, call);
      }
      countRules(old, 'before');
      countRules(now, 'after');
    },
    result: () => ({
      traces,
      before: scoreOf(before.result()),
      after: scoreOf(after.result()),
      verdicts: [...moves.values()]
        .toSorted((a, b) => order(a.from) - order(b.from) || order(a.to) - order(b.to))
        .map(({ pico, ...move }) => ({ ...move, costUsd: formatUsd(pico) })),
      rules: [...rules]
        .map(([rule, counts]) => ({ rule, ...counts }))
        .toSorted((a, b) => change(b) - change(a) || (a.rule < b.rule ? -1 : 1)),
    }),
  };
}

function order(verdict: Verdict): number {
  return verdictSchema.options.indexOf(verdict);
}

function change({ before, after }: { readonly before: number; readonly after: number }): number {
  return Math.abs(after - before);
}
