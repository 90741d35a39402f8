import { Command, Option } from 'commander';
import type { Scope } from '../../schemas/gate.js';
import { gateAnswerSchema } from '../../schemas/gate.js';
import { askWaybill, queryOf, urlOption } from './ask.js';
import { gateExitCode } from './exit.js';
import { gateText } from './gate-text.js';
import { paint } from './paint.js';

const PATIENCE_MS = 60_000;

interface GateFlags extends Scope {
  readonly since?: string;
  readonly url: string;
  readonly format: 'pretty' | 'json';
}

/** `waybill gate`: asks a running Waybill whether enforcement may be rolled out. */
export function gateCommand(): Command {
  return new Command('gate')
    .description('ask whether enforcement may be rolled out in a scope')
    .option('--tenant <tenant>', 'only calls of this tenant')
    .option('--feature <feature>', 'only calls of this feature')
    .option('--policy <policy>', 'only calls under this policy')
    .option('--service <service>', 'only calls whose route passes this service')
    .option('--since <time>', 'how far back, such as 24h or 7d (default: the window of the contract)')
    .addOption(urlOption())
    .addOption(new Option('--format <format>', 'how to print it').choices(['pretty', 'json']).default('pretty'))
    .addHelpText('after', '\nExit: 0 ready, 1 not ready, 2 could not ask, 3 too little data to say.')
    .action(async ({ url, format, ...question }: GateFlags) => {
      const answer = await askWaybill(url, `/v1/gate?${queryOf(question)}`, gateAnswerSchema, PATIENCE_MS);
      console.log(format === 'json' ? JSON.stringify(answer, null, 2) : gateText(answer, paint(process.stdout)));
      process.exitCode = gateExitCode[answer.answer];
    });
}
