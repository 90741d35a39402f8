import type { Gap, GateAnswer } from '../../schemas/gate.js';
import type { SimulatedSum, Simulation } from '../../schemas/simulation.js';
import { percentText, shareText } from './figures.js';
import { rowsOf } from './simulated-rows.js';
import { ANSWERS, CHECKS, HOLDS, scopeText } from './gate-words.js';

/** An answer of the gate that was kept. */
export interface KeptAnswer {
  readonly askedAt: string;
  readonly answer: GateAnswer;
}

/** A table of plain text. */
export interface EvidenceTable {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What stands in place of no rows. */
  readonly none: string;
}

/** Why blocking may begin, or may not, as text that any format can be made of. Times are UTC, amounts exact. */
export interface Evidence {
  readonly title: string;
  readonly facts: readonly (readonly [string, string])[];
  readonly tables: readonly EvidenceTable[];
}

export interface EvidenceInput {
  readonly gate: GateAnswer;
  readonly gaps: readonly Gap[];
  readonly history: readonly KeptAnswer[];
  /** Null where the what-if was not run. */
  readonly simulation: Simulation | null;
  /** ISO 8601. */
  readonly madeAt: string;
}

/** Puts the evidence together. */
export function evidenceOf({ gate, gaps, history, simulation, madeAt }: EvidenceInput): Evidence {
  const { score } = gate;
  return {
    title: `${ANSWERS[gate.answer].text}: ${scopeText(gate.scope)}`,
    facts: [
      ['Answer', ANSWERS[gate.answer].short],
      ['Scope', scopeText(gate.scope)],
      ['Window', `${gate.from} to ${gate.to}`],
      ['Score', `${percentText(score.score)} of 100 (lower bound of the enforceable share of spend)`],
      [
        'Enforceable spend',
        `${shareText(score.enforceable.spend.share)}, 95 % interval ${shareText(score.enforceable.spend.lower)} to ${shareText(score.enforceable.spend.upper)}`,
      ],
      ['Row level', `${shareText(score.rowLevel.spend.share)} (what a dashboard shows)`],
      ['Calls', `${score.calls}, ${score.unknownCost} of unknown cost`],
      ['Known spend', `$${score.spendUsd}`],
      ['Made', madeAt],
    ],
    tables: [
      {
        title: 'Checks',
        head: ['Check', 'Holds', 'Observed', 'Required'],
        rows: gate.checks.map(({ id, holds, observed, required }) => [
          CHECKS[id],
          HOLDS[holds].text,
          observed,
          required,
        ]),
        none: 'None.',
      },
      {
        title: 'Blockers',
        head: ['Check', 'Reason', 'Spend behind it', 'Fix'],
        rows: gate.blockers.map(({ check, message, spendUsd, worst }) => [
          CHECKS[check],
          message,
          `$${spendUsd}`,
          worst?.fix ?? '',
        ]),
        none: 'None: every check holds.',
      },
      {
        title: 'Gaps, most spend first',
        head: ['Rule', 'Attribute', 'Hop', 'Calls', 'Spend', 'Since', 'Fix', 'Sample trace'],
        rows: gaps.map(({ rule, attribute, hop, calls, spendUsd, since, isOlder, fix, sampleTraceId }) => [
          rule,
          attribute ?? '',
          hop === null ? '' : `${hop.from} → ${hop.to}`,
          String(calls),
          `$${spendUsd}`,
          isOlder ? `before ${since}` : since,
          fix,
          sampleTraceId,
        ]),
        none: 'None.',
      },
      ...(simulation === null ? [] : simulatedTables(simulation, gate.scope.tenant ?? '')),
      {
        title: 'Answers that were kept',
        head: ['Asked', 'Answer', 'Score', 'First blocker'],
        rows: history.map(({ askedAt, answer: { answer, score: then, blockers } }) => [
          askedAt,
          ANSWERS[answer].short,
          percentText(then.score),
          blockers[0]?.message ?? '',
        ]),
        none: 'None for exactly this scope.',
      },
    ],
  };
}

function simulatedTables(simulation: Simulation, tenant: string): EvidenceTable[] {
  const { from, to, delayUs, letThrough, blocked, falselyBlocked, escaped, policies } = simulation;
  return [
    {
      title: `Had blocking been on, ${from} to ${to}, costs known after ${delayUs / 1_000_000} s`,
      head: ['Calls that', 'Calls', 'Known cost', 'Of unknown cost'],
      rows: [
        line('were let through and counted', letThrough),
        line('were blocked', blocked),
        line('of these falsely', falselyBlocked),
        line('escaped, unattributed', escaped.unattributed),
        line('escaped, for no one policy covers them', escaped.unresolved),
        line('escaped, for their route crosses no enforcement point', escaped.bypass),
        line('escaped, for their cost is unknown', escaped.unknownCost),
      ],
      none: 'None.',
    },
    {
      title: 'The same by policy',
      head: ['Policy', 'Limit', 'Blocked', 'Falsely', 'Ran out', 'Most over the limit'],
      rows: policies.map(
        ({ policy, limitUsd, per, blocked: own, falselyBlocked: ownFalsely, periods, exhausted, exhaustedLeftOut }) => [
          policy,
          `$${limitUsd} per ${per}`,
          String(own.calls),
          String(ownFalsely.calls),
          `in ${exhausted.length + exhaustedLeftOut} of ${periods} periods`,
          exhausted.length === 0
            ? 'never'
            : `$${exhausted.toSorted((a, b) => Number(b.overshootUsd) - Number(a.overshootUsd))[0]?.overshootUsd ?? ''}`,
        ],
      ),
      none: 'No policy with a limit was asked about.',
    },
    {
      title: 'The same by tenant and policy',
      head: ['Tenant', 'Policy', 'Blocked', 'Falsely', 'Missed', 'Over the limit'],
      rows: rowsOf(policies, tenant).map(({ policy, of }) => [
        of.tenant ?? 'no tenant',
        policy,
        ...[of.blocked, of.falselyBlocked, of.missed].map(({ calls, costUsd }) => `${calls} ($${costUsd})`),
        `$${of.overshootUsd}`,
      ]),
      none: 'No call would have been blocked, missed or over a limit, as far as tenants are listed.',
    },
  ];
}

function line(label: string, { calls, costUsd, unknownCost }: SimulatedSum): string[] {
  return [label, String(calls), `$${costUsd}`, String(unknownCost)];
}
