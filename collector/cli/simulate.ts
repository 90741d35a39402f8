import { Command, Option } from 'commander';
import type { Simulation } from '../../schemas/simulation.js';
import { budgetPeriodSchema, simulationSchema } from '../../schemas/simulation.js';
import { askLong, queryOf, urlOption } from './ask.js';
import { ExitCode } from './exit.js';
import { paint } from './paint.js';
import { progressOn } from './progress.js';
import { simulationText } from './simulation-text.js';

/** A long window is read whole. */
const PATIENCE_MS = 600_000;

interface SimulateFlags {
  readonly since?: string;
  readonly policy?: string;
  readonly limit?: string;
  readonly per?: string;
  readonly delay?: string;
  readonly inFlight?: string;
  readonly url: string;
  readonly format: 'pretty' | 'json';
}

/** `waybill simulate`: asks a running Waybill what blocking would have done. */
export function simulateCommand(): Command {
  return new Command('simulate')
    .description('replay the calls of a window against the budgets, as if requests had been blocked')
    .option('--since <time>', 'how far back, such as 24h or 7d (default: 7d)')
    .option('--policy <policy>', 'only the budget of this policy')
    .option('--limit <usd>', 'try this limit in place of those of the contract')
    .addOption(new Option('--per <period>', 'try this period').choices(budgetPeriodSchema.options))
    .option('--delay <time>', 'from the end of a call until its cost is known (default: 5s)')
    .option('--in-flight <calls>', 'calls of a policy that run at a time at most (default: as many as really did)')
    .addOption(urlOption())
    .addOption(new Option('--format <format>', 'how to print it').choices(['pretty', 'json']).default('pretty'))
    .addHelpText(
      'after',
      '\nExit: 0 nothing blocked falsely and nothing escaped, 1 something was, 2 could not ask, 3 no calls.',
    )
    .action(async ({ url, format, ...question }: SimulateFlags) => {
      const path = `/v1/simulate?${queryOf(question)}`;
      const simulation = await askLong(url, path, simulationSchema, PATIENCE_MS, progressOn(process.stderr, 'calls'));
      console.log(
        format === 'json' ? JSON.stringify(simulation, null, 2) : simulationText(simulation, paint(process.stdout)),
      );
      process.exitCode = exitCode(simulation);
    });
}

function exitCode({ all, falselyBlocked, escaped }: Simulation): number {
  if (all.calls === 0) return ExitCode.tooLittleData;
  const hasGaps = falselyBlocked.calls > 0 || Object.values(escaped).some(({ calls }) => calls > 0);
  return hasGaps ? ExitCode.doesNotHold : ExitCode.holds;
}
