import type { Gap } from '../../../schemas/gate.js';
import { answerWords } from '../gate/words.js';
import { dollars, percent } from '../text.js';
import type { Report } from './report.js';

/** A table that each format prints in its way. The cells hold text from outside as it is. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  /** The columns that hold numbers, which stand to the right. */
  readonly numeric: readonly number[];
  readonly rows: readonly (readonly string[])[];
  /** What to say where there is no row. */
  readonly empty: string;
}

/** The gate's answer in words. */
export function answerText({ gate }: Report): string {
  return answerWords[gate.answer];
}

/** The figures that stand above all: label, value, what it means. */
export function headFigures({
  score,
}: Pick<Report, 'score'>): readonly (readonly [label: string, value: string, meaning: string])[] {
  const rowLevel = score.rowLevel.spend.share;
  return [
    ['Score', score.score === null ? 'none' : cut(score.score), 'of 100: so much of the spend could be defended'],
    [
      'Row level',
      rowLevel === null ? 'none' : percent(rowLevel),
      'of the spend has its fields on the row: what a dashboard shows',
    ],
    ['Calls', String(score.calls), `${dollars(score.spendUsd)} known, ${score.unknownCost} of unknown cost`],
  ];
}

/** Cut rather than rounded, so that 99.96 never reads as 100. */
function cut(points: number): string {
  return (Math.floor(points * 10 + 1e-9) / 10).toFixed(1);
}

/** Spend by what was asked for; what is unattributed and what has no known cost stand out. */
export function spendTable({ spend, by }: Report): Table {
  return {
    title: `Spend by ${by.join(' and ')}`,
    columns: [...by, 'calls', 'spend', 'of unknown cost'],
    numeric: [by.length, by.length + 1, by.length + 2],
    rows: spend.map((row) => [
      ...by.map((name) => row.by[name] ?? '(unattributed)'),
      String(row.calls),
      dollars(row.costUsd),
      row.unknownCost === 0 ? '' : String(row.unknownCost),
    ]),
    empty: 'No call in this scope and window.',
  };
}

/** What is wrong, most spend first, with what to do. */
export function gapTable({ gaps }: Report): Table {
  return {
    title: 'Gaps',
    columns: ['severity', 'rule', 'attribute', 'hop', 'calls', 'spend', 'since', 'fix'],
    numeric: [4, 5],
    rows: gaps.map((gap) => [
      gap.severity,
      gap.rule,
      gap.attribute ?? '',
      hopText(gap),
      String(gap.calls),
      dollars(gap.spendUsd),
      `${gap.isOlder ? 'before ' : ''}${minute(gap.since)}`,
      gap.fix,
    ]),
    empty: 'No gap was found.',
  };
}

function hopText({ hop }: Gap): string {
  return hop === null ? '' : `${hop.from} → ${hop.to}`;
}

/** The checks of the gate, observed against required. */
export function checkTable({ gate }: Report): Table {
  const holds = { yes: 'holds', no: 'does not hold', unknown: 'too little data' };
  return {
    title: 'Gate',
    columns: ['check', 'answer', 'observed', 'required', 'reason'],
    numeric: [],
    rows: gate.checks.map((check) => [
      check.id,
      holds[check.holds],
      check.observed,
      check.required,
      gate.blockers.find((blocker) => blocker.check === check.id)?.message ?? '',
    ]),
    empty: 'No check.',
  };
}

const OUTLOOKS = {
  exhausted: 'limit reached',
  'runs-out': 'will run out',
  'may-run-out': 'may run out',
  lasts: 'lasts',
  unknown: 'no forecast',
} as const;

/** Each budget in the period that runs now. */
export function budgetTable({ budgets }: Report): Table {
  return {
    title: 'Budgets',
    columns: ['policy', 'limit', 'spent', 'share', 'of unknown cost', 'outlook', 'expected at'],
    numeric: [1, 2, 3, 4],
    rows: budgets.map((one) => [
      one.policy,
      `${dollars(one.limitUsd)} a ${one.per}`,
      dollars(one.spent.costUsd),
      percent(one.share),
      one.spent.unknownCost === 0 ? '' : String(one.spent.unknownCost),
      OUTLOOKS[one.outlook],
      one.forecast?.runsOutAt === undefined || one.forecast.runsOutAt === null ? '' : minute(one.forecast.runsOutAt),
    ]),
    empty: 'The contract names no policy with a limit.',
  };
}

/** A moment to the minute, UTC. */
export function minute(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 16)} UTC`;
}

/** Every table of the report, in order. */
export function tablesOf(report: Report): readonly Table[] {
  return [
    checkTable(report),
    gapTable(report),
    spendTable(report),
    ...(report.budgets.length === 0 ? [] : [budgetTable(report)]),
  ];
}
