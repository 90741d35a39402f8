import { Argument, Command, Option } from 'commander';
import * as z from 'zod';
import type { Rollout, RolloutMode, Rollouts, RolloutTurn, ScopeMode } from '../../schemas/rollout.js';
import { ANY, rolloutModes, rolloutSchema, rolloutsSchema, rolloutTurnSchema } from '../../schemas/rollout.js';
import { askWaybill, queryOf, urlOption } from './ask.js';
import { ExitCode } from './exit.js';
import { columnsText, safe } from './text.js';

const PATIENCE_MS = 60_000;

interface RolloutFlags {
  readonly url: string;
  readonly format: 'pretty' | 'json';
}

interface SetFlags extends RolloutFlags {
  readonly tenant: string;
  readonly policy: string;
  readonly why: string;
}

interface HistoryFlags extends RolloutFlags {
  readonly tenant?: string;
  readonly policy?: string;
  readonly limit: string;
}

/** `waybill rollout`: asks for enforcement scope by scope, and tells how far it is. */
export function rolloutCommand(): Command {
  return new Command('rollout')
    .description('how far enforcement is rolled out: what was asked for, and what the gate lets hold')
    .addCommand(set().exitOverride())
    .addCommand(unset().exitOverride())
    .addCommand(list().exitOverride())
    .addCommand(status().exitOverride())
    .addCommand(history().exitOverride());
}

function set(): Command {
  return withFlags(new Command('set'))
    .description('ask for a mode in a scope; enforce holds while the gate is ready there, and is shadow otherwise')
    .addArgument(new Argument('<mode>', 'how far').choices(rolloutModes))
    .option('--tenant <tenant>', `the tenant (${ANY}: all)`, ANY)
    .option('--policy <policy>', `the budget policy (${ANY}: all)`, ANY)
    .requiredOption('--why <reason>', 'why, for whoever reads the history')
    .addHelpText('after', `\n${PRECEDENCE}\nTakes an admin key where there are keys.`)
    .action(async (mode: RolloutMode, { url, format, ...scope }: SetFlags) => {
      const rollout = await askWaybill(url, '/v1/rollouts', rolloutSchema, PATIENCE_MS, {
        method: 'PUT',
        body: { ...scope, mode },
      });
      if (format === 'json') console.log(JSON.stringify(rollout, null, 2));
      else console.log(`Asked for ${mode} for ${wordsOf(rollout)}. 'waybill rollout status' shows what holds.`);
    });
}

function unset(): Command {
  return withFlags(new Command('unset'))
    .description('withdraw what was asked for in a scope, so that what is asked for a wider one counts again')
    .option('--tenant <tenant>', `the tenant, as it was asked for (${ANY}: all)`, ANY)
    .option('--policy <policy>', `the budget policy, as it was asked for (${ANY}: all)`, ANY)
    .requiredOption('--why <reason>', 'why, for whoever reads the history')
    .addHelpText(
      'after',
      '\nWhere nothing wider is asked for, all is off there. Takes an admin key where there are keys.',
    )
    .action(async ({ url, format, ...scope }: SetFlags) => {
      const path = `/v1/rollouts?${queryOf(scope)}`;
      const withdrawn = await askWaybill(url, path, rolloutSchema, PATIENCE_MS, { method: 'DELETE' });
      if (format === 'json') console.log(JSON.stringify(withdrawn, null, 2));
      else
        console.log(`Withdrew ${withdrawn.mode} for ${wordsOf(withdrawn)}. 'waybill rollout status' shows what holds.`);
    });
}

const PRECEDENCE =
  'The most specific counts: tenant and policy, else the tenant, else the policy, else what is asked for all.';

function list(): Command {
  return withFlags(new Command('list'))
    .description('what is asked for, by whom and why, the most specific first')
    .action(async ({ url, format }: RolloutFlags) => {
      const { rollouts } = await asked(url);
      console.log(format === 'json' ? JSON.stringify({ rollouts }, null, 2) : rolloutsText(rollouts));
    });
}

function status(): Command {
  return withFlags(new Command('status'))
    .description('what holds in each scope that is rolled out, and what stands in the way')
    .addHelpText(
      'after',
      '\nExit: 0 what was asked for holds, 1 less than that holds somewhere, 2 could not ask, 3 nothing is rolled out.',
    )
    .action(async ({ url, format }: RolloutFlags) => {
      const { scopes } = await asked(url);
      console.log(format === 'json' ? JSON.stringify({ scopes }, null, 2) : scopesText(scopes));
      process.exitCode = statusCode(scopes);
    });
}

function history(): Command {
  return withFlags(new Command('history'))
    .description('every mode that was asked for, and every change of what held, newest first')
    .option('--tenant <tenant>', 'only what is about this tenant')
    .option('--policy <policy>', 'only what is about this policy')
    .option('--limit <number>', 'how many at most', '100')
    .action(async ({ url, format, ...question }: HistoryFlags) => {
      const schema = z.object({ turns: z.array(rolloutTurnSchema) });
      const answer = await askWaybill(url, `/v1/rollouts/history?${queryOf(question)}`, schema, PATIENCE_MS);
      console.log(format === 'json' ? JSON.stringify(answer, null, 2) : turnsText(answer.turns));
    });
}

function withFlags(command: Command): Command {
  return command
    .addOption(urlOption())
    .addOption(new Option('--format <format>', 'how to print it').choices(['pretty', 'json']).default('pretty'));
}

async function asked(url: string): Promise<Rollouts> {
  return askWaybill(url, '/v1/rollouts', rolloutsSchema, PATIENCE_MS);
}

function statusCode(scopes: readonly ScopeMode[]): number {
  if (scopes.length === 0) return ExitCode.tooLittleData;
  return scopes.every(({ mode, asked: wanted }) => mode === wanted) ? ExitCode.holds : ExitCode.doesNotHold;
}

function rolloutsText(rollouts: readonly Rollout[]): string {
  if (rollouts.length === 0) return "Nobody has asked for a rollout: everything is off. 'waybill rollout set' asks.";
  const rows = rollouts.map(({ tenant, policy, mode, who, why, at }) => [tenant, policy, mode, minute(at), who, why]);
  return columnsText([['tenant', 'policy', 'asked', 'at (UTC)', 'who', 'why'], ...rows]);
}

function scopesText(scopes: readonly ScopeMode[]): string {
  if (scopes.length === 0) return 'Nothing is rolled out, or no call was seen where it is.';
  const rows = scopes.map(({ tenant, policy, mode, asked: wanted, gate, since, blocker }) => [
    tenant,
    policy ?? '(any)',
    mode,
    wanted,
    gate.replace('_', ' '),
    minute(since),
    blocker,
  ]);
  return columnsText([['tenant', 'policy', 'holds', 'asked', 'gate', 'since (UTC)', 'first blocker'], ...rows]);
}

function turnsText(turns: readonly RolloutTurn[]): string {
  if (turns.length === 0) return 'Nothing has happened here.';
  const rows = turns.map(({ at, kind, tenant, policy, mode, who, why }) => [
    minute(at),
    tenant,
    policy ?? '(any)',
    whatOf(kind, mode),
    who,
    why,
  ]);
  return columnsText([['at (UTC)', 'tenant', 'policy', 'what', 'who', 'why'], ...rows]);
}

function whatOf(kind: RolloutTurn['kind'], mode: RolloutTurn['mode']): string {
  if (mode === null) return 'withdrew it';
  return kind === 'asked' ? `asked for ${mode}` : `turned ${mode}`;
}

function wordsOf({ tenant, policy }: Rollout): string {
  const ofTenant = tenant === ANY ? 'all tenants' : `tenant ${safe(tenant)}`;
  return `${ofTenant}, ${policy === ANY ? 'all policies' : `policy ${safe(policy)}`}`;
}

function minute(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 16)}`;
}
