import { Command, Option } from 'commander';
import * as z from 'zod';
import type { DecisionSummary } from '../../schemas/decision.js';
import { decisionSummarySchema } from '../../schemas/decision.js';
import { csvQuoted, withoutFormula } from '../csv-cell.js';
import { askWaybill, queryOf, urlOption } from './ask.js';
import { ExitCode } from './exit.js';
import { columnsText, dollars } from './text.js';

const PATIENCE_MS = 60_000;

interface DecisionsFlags {
  readonly since?: string;
  readonly tenant?: string;
  readonly policy?: string;
  readonly url: string;
  readonly format: 'pretty' | 'json' | 'csv';
}

/** `waybill decisions`: asks a running Waybill how its decisions compare with what was spent. */
export function decisionsCommand(): Command {
  return new Command('decisions')
    .description('what was decided before calls, and what blocking would have got wrong')
    .option('--since <time>', 'how far back, such as 24h or 30d (default: 7d)')
    .option('--tenant <tenant>', 'only decisions for this tenant')
    .option('--policy <policy>', 'only decisions under this policy')
    .addOption(urlOption())
    .addOption(new Option('--format <format>', 'how to print it').choices(['pretty', 'json', 'csv']).default('pretty'))
    .addHelpText(
      'after',
      '\nExit: 0 nothing was wrongly blocked or missed, 1 something was, 2 could not ask, 3 nothing to judge yet.',
    )
    .action(async ({ url, format, ...question }: DecisionsFlags) => {
      const schema = z.object({ summary: z.array(decisionSummarySchema) });
      const answer = await askWaybill(url, `/v1/decisions/summary?${queryOf(question)}`, schema, PATIENCE_MS);
      console.log(TEXTS[format](answer.summary));
      process.exitCode = exitCode(answer.summary);
    });
}

const TEXTS: Readonly<Record<DecisionsFlags['format'], (summary: readonly DecisionSummary[]) => string>> = {
  json: (summary) => JSON.stringify({ summary }, null, 2),
  csv: csvText,
  pretty: prettyText,
};

function exitCode(summary: readonly DecisionSummary[]): number {
  if (summary.every(({ judged }) => judged === 0)) return ExitCode.tooLittleData;
  const isRight = summary.every(({ falseBlocks, misses }) => falseBlocks === 0 && misses === 0);
  return isRight ? ExitCode.holds : ExitCode.doesNotHold;
}

function prettyText(summary: readonly DecisionSummary[]): string {
  if (summary.length === 0) return 'Nothing was decided in this window.';
  const heads = [
    'policy',
    'mode',
    'decisions',
    'would deny',
    'judged',
    'false blocks',
    'misses',
    'settled',
    'estimated',
    'cost',
    'drift',
  ];
  const rows = summary.map((one) => [
    one.policy ?? '(none)',
    one.mode,
    String(one.decisions),
    String(one.wouldDeny),
    String(one.judged),
    `${one.falseBlocks} (${dollars(one.falseBlockUsd)})`,
    `${one.misses} (${dollars(one.missUsd)})`,
    String(one.settled),
    dollars(one.estimatedUsd),
    dollars(one.actualUsd),
    one.largestDriftUsd === null ? '' : `up to ${dollars(one.largestDriftUsd)}`,
  ]);
  return columnsText([heads, ...rows]);
}

/** Amounts to their last digit; no name is a formula. */
function csvText(summary: readonly DecisionSummary[]): string {
  const rows = summary.map(({ policy, ...rest }) => [
    withoutFormula(policy ?? ''),
    ...Object.values(rest).map((value) => String(value ?? '')),
  ]);
  const heads = Object.keys(decisionSummarySchema.shape);
  return [heads, ...rows].map((line) => line.map(csvQuoted).join(',')).join('\r\n');
}
