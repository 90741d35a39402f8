import { Command, Option } from 'commander';
import * as z from 'zod';
import type { PolicyFate, PolicyFit } from '../../schemas/policy-fit.js';
import { policyFitSchema } from '../../schemas/policy-fit.js';
import { askWaybill, queryOf, urlOption } from './ask.js';
import { ExitCode } from './exit.js';
import type { Paint } from './paint.js';
import { paint } from './paint.js';
import { dollars, safe } from './text.js';

const PATIENCE_MS = 60_000;
const MOST_ROUTES = 5;

/** What each fate means, for a person. */
const FATES: Readonly<Record<PolicyFate, string>> = {
  seen: 'seen',
  bypass: 'goes round it',
  'bound-too-late': 'known too late',
  mismatch: 'not covered',
  ambiguous: 'ambiguous',
  lost: 'lost on the way',
  unattributed: 'unattributed',
};

interface PoliciesFlags {
  readonly since?: string;
  readonly tenant?: string;
  readonly feature?: string;
  readonly url: string;
  readonly format: 'pretty' | 'json';
}

/** `waybill policies`: asks a running Waybill what each budget policy would and would not see. */
export function policiesCommand(): Command {
  return new Command('policies')
    .description('what each budget policy would and would not see, in dollars and by route')
    .option('--since <time>', 'how far back, such as 24h or 30d (default: 7d)')
    .option('--tenant <tenant>', 'only calls that bear on this tenant')
    .option('--feature <feature>', 'only calls that bear on this feature')
    .addOption(urlOption())
    .addOption(new Option('--format <format>', 'how to print it').choices(['pretty', 'json']).default('pretty'))
    .addHelpText('after', '\nExit: 0 every policy sees its calls, 1 some do not, 2 could not ask, 3 no calls.')
    .action(async ({ url, format, ...question }: PoliciesFlags) => {
      const schema = z.object({ policies: z.array(policyFitSchema) });
      const answer = await askWaybill(url, `/v1/policies?${queryOf(question)}`, schema, PATIENCE_MS);
      console.log(
        format === 'json' ? JSON.stringify(answer, null, 2) : policiesText(answer.policies, paint(process.stdout)),
      );
      process.exitCode = exitCode(answer.policies);
    });
}

function exitCode(policies: readonly PolicyFit[]): number {
  if (policies.every(({ fates }) => fates.length === 0)) return ExitCode.tooLittleData;
  const fits = policies.every(({ isDead, fates }) => !isDead && fates.every(({ fate }) => fate === 'seen'));
  return fits ? ExitCode.holds : ExitCode.doesNotHold;
}

function policiesText(policies: readonly PolicyFit[], look: Paint): string {
  if (policies.length === 0) return 'The contract lists no policies, and no call names one.';
  return policies.map((one) => policyText(one, look)).join('\n\n');
}

function policyText({ policy, isListed, isDead, fates, routes, routesLeftOut }: PolicyFit, look: Paint): string {
  const name = policy === null ? '(no policy)' : safe(policy);
  const note = isDead
    ? look.bad('  sees no call')
    : isListed || policy === null
      ? ''
      : look.bad('  not in the contract');
  const missed = routes.filter(({ fate }) => fate !== 'seen');
  const shown = missed.slice(0, MOST_ROUTES);
  const more = missed.length - shown.length + routesLeftOut;
  return [
    `${look.strong(name)}${note}`,
    ...fates.map((one) => {
      const line = `  ${FATES[one.fate].padEnd(16)} ${sumText(one)}`;
      return one.fate === 'seen' ? line : look.doubtful(line);
    }),
    ...shown.map((way) => `    ${FATES[way.fate]}: ${wayText(way)}, ${sumText(way)}`),
    ...(more > 0 ? [look.faint(`    and ${more} more ways (--format json)`)] : []),
  ].join('\n');
}

function wayText({ route, operation, stream, failed, shared }: PolicyFit['routes'][number]): string {
  const kind = [operation, stream ? 'stream' : '', failed ? 'failed' : '', shared ? 'shared' : ''];
  return `${route.map(safe).join(' → ')} (${kind.filter((one) => one !== '').join(', ')})`;
}

function sumText({ calls, costUsd, unknownCost }: { calls: number; costUsd: string; unknownCost: number }): string {
  const unknown = unknownCost === 0 ? '' : `, ${unknownCost} of unknown cost`;
  return `${dollars(costUsd)} in ${calls} ${calls === 1 ? 'call' : 'calls'}${unknown}`;
}
