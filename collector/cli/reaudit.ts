import { Command, Option } from 'commander';
import { clockUs } from '../clock.js';
import type { Score } from '../../schemas/gate.js';
import type { Reaudit } from '../../schemas/reaudit.js';
import { reaudit } from '../audit/reaudit.js';
import type { StoreFlags } from '../config.js';
import { storeAddress } from '../config.js';
import { contractInForce } from '../contract/in-force.js';
import { writeAuditLog } from '../keys/audit-log.js';
import { connectStore } from '../store/client.js';
import { durationUs } from '../store/questions/gate.js';
import { ExitCode, UsageError } from './exit.js';
import type { Paint } from './paint.js';
import { paint } from './paint.js';
import { progressOn } from './progress.js';
import { dollars, percent, safe } from './text.js';

const MOST_RULES = 12;

interface ReauditFlags extends StoreFlags {
  readonly contract: string;
  readonly current?: string;
  readonly since: string;
  readonly dryRun?: boolean;
  readonly format: 'pretty' | 'json';
}

/** `waybill reaudit`: tries another contract on the traces that are stored. */
export function reauditCommand(): Command {
  return new Command('reaudit')
    .description('audit stored traces again under another contract, and compare')
    .requiredOption('--contract <file>', 'the contract to try')
    .option('--current <file>', 'the contract in force (default: waybill.yaml where there is one)')
    .option('--since <time>', 'how far back, in whole days, such as 7d', '7d')
    .option('--dry-run', 'compare only; without it, the new audits take the place of those before')
    .option('--data <dir>', 'where the embedded ClickHouse keeps its data (default: .waybill)')
    .option('--clickhouse-port <port>', 'HTTP of the embedded ClickHouse (default: 8123)')
    .addOption(new Option('--format <format>', 'how to print it').choices(['pretty', 'json']).default('pretty'))
    .addHelpText(
      'after',
      '\nIt reads from the ClickHouse of a running Waybill, or of CLICKHOUSE_URL.\nExit: 0 compared, 2 could not read, 3 no traces.',
    )
    .action(async ({ contract, current, since, dryRun = false, format, ...where }: ReauditFlags) => {
      const after = (await contractInForce(contract, process.env)).contract;
      const before = (await contractInForce(current, process.env)).contract;
      const toUs = clockUs();
      await using store = connectStore(await storeAddress(where, process.env));
      const compared = await reaudit({
        store,
        before,
        after,
        window: { fromUs: toUs - spanOf(since), toUs },
        isWritten: !dryRun,
        clockUs,
        onProgress: progressOn(process.stderr, 'traces'),
      });
      if (!dryRun) {
        const detail = `${compared.traces} traces of the last ${since} under ${contract}`;
        await writeAuditLog(store, { actor: 'cli', action: 'reaudited', detail }, clockUs());
      }
      console.log(format === 'json' ? JSON.stringify(compared, null, 2) : reauditText(compared, paint(process.stdout)));
      process.exitCode = compared.traces === 0 ? ExitCode.tooLittleData : ExitCode.holds;
    });
}

function spanOf(since: string): number {
  try {
    return durationUs(since);
  } catch (error) {
    throw new UsageError(`--since: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function reauditText({ traces, isWritten, before, after, verdicts, rules }: Reaudit, look: Paint): string {
  const changed = rules.filter((rule) => rule.before !== rule.after);
  const shown = changed.slice(0, MOST_RULES);
  return [
    `${look.strong('Score')}        ${scoreText(before)} → ${look.strong(scoreText(after))}   (${after.calls} calls in ${traces} traces)`,
    `Enforceable  ${shareText(before)} → ${shareText(after)} of spend`,
    '',
    ...verdicts.map(
      ({ from, to, calls, costUsd }) =>
        `  ${from.padEnd(12)} ${from === to ? 'stays' : `→ ${to}`.padEnd(5)}  ${calls} calls, ${dollars(costUsd)}`,
    ),
    ...(shown.length === 0 ? [] : ['', 'Findings']),
    ...shown.map((one) => `  ${safe(one.rule).padEnd(20)} ${one.before} → ${one.after}`),
    ...(changed.length > shown.length ? [look.faint(`  and ${changed.length - shown.length} more rules`)] : []),
    '',
    isWritten
      ? 'The new audits are written. Start Waybill again with the new contract, or it goes on by the old one.'
      : 'Nothing was written (--dry-run).',
  ].join('\n');
}

function scoreText({ score }: Score): string {
  return score === null ? 'none' : score.toFixed(1);
}

function shareText({ enforceable }: Score): string {
  return enforceable.spend.share === null ? 'none' : percent(enforceable.spend.share);
}
