import { Command, Option } from 'commander';
import type { Scope } from '../../../schemas/gate.js';
import { urlOption } from '../ask.js';
import { gateExitCode } from '../exit.js';
import { paint } from '../paint.js';
import { csvReport } from './csv.js';
import { htmlReport } from './html.js';
import { markdownReport } from './markdown.js';
import { prettyReport } from './pretty.js';
import type { Report } from './report.js';
import { askReport } from './report.js';

/** How each format writes a report. */
const FORMATS = {
  pretty: (report: Report) => prettyReport(report, paint(process.stdout)),
  json: (report: Report) => JSON.stringify(report, null, 2),
  csv: csvReport,
  markdown: markdownReport,
  html: htmlReport,
} as const;

interface ReportFlags extends Scope {
  readonly by: string;
  readonly since: string;
  readonly limit: string;
  readonly url: string;
  readonly format: keyof typeof FORMATS;
}

/** `waybill report`: what the page shows, on paper. */
export function reportCommand(): Command {
  return new Command('report')
    .description('score, gate, gaps, spend and budgets in one report: the numbers of the page')
    .option(
      '--by <dimensions>',
      'break spend down by one or two of tenant, feature, policy, user, provider, model, service, day',
      'tenant',
    )
    .option('--since <time>', 'how far back, such as 24h or 30d', '7d')
    .option('--tenant <tenant>', 'only calls that bear on this tenant')
    .option('--feature <feature>', 'only calls that bear on this feature')
    .option('--policy <policy>', 'only calls under this policy')
    .option('--service <service>', 'only calls whose route passes this service')
    .option('--limit <rows>', 'rows of spend, and gaps, at most', '100')
    .addOption(urlOption())
    .addOption(
      new Option('--format <format>', 'how to print it; csv: the spend alone')
        .choices(Object.keys(FORMATS))
        .default('pretty'),
    )
    .addHelpText('after', '\nExit: 0 the gate is ready, 1 it is not, 2 could not ask, 3 too little data to say.')
    .action(async ({ by, since, limit, url, format, ...scope }: ReportFlags) => {
      const report = await askReport(url, { scope, since, by, limit });
      console.log(FORMATS[format](report));
      process.exitCode = gateExitCode[report.gate.answer];
    });
}
