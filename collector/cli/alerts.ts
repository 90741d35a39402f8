import { Command, Option } from 'commander';
import { clockUs } from '../clock.js';
import { alertOf } from '../../auditor/alerts/alert.js';
import { isoMicros } from '../../auditor/iso-micros.js';
import type { Target } from '../alerts/channels.js';
import { targetsOf } from '../alerts/channels.js';
import { deliver } from '../alerts/deliver.js';
import { contractInForce } from '../contract/in-force.js';
import { ExitCode, UsageError } from './exit.js';
import { paint } from './paint.js';
import { safe } from './text.js';

interface TestFlags {
  readonly contract?: string;
  readonly channel?: string;
  readonly format: 'pretty' | 'json';
}

/** `waybill alerts`: what can be done with the channels that are told of alerts. */
export function alertsCommand(): Command {
  return new Command('alerts').description('try the channels that are told of alerts').addCommand(test());
}

function test(): Command {
  return new Command('test')
    .description('send a test alert along every channel of the contract')
    .option('--contract <file>', 'the contract that names the channels (default: waybill.yaml where there is one)')
    .option('--channel <id>', 'only along this one')
    .addOption(new Option('--format <format>', 'how to print it').choices(['pretty', 'json']).default('pretty'))
    .addHelpText('after', '\nExit: 0 all took it, 1 some did not, 2 there is no such channel, or a secret is missing.')
    .exitOverride()
    .action(async ({ contract: file, channel, format }: TestFlags) => {
      const { contract } = await contractInForce(file, process.env);
      const { channels } = contract.source.alerts;
      const chosen = channels.filter(({ id }) => channel === undefined || id === channel);
      if (chosen.length === 0) throw new UsageError(noChannel(channel));
      const tried = await Promise.all(targetsOf(chosen, process.env).map(attempt));
      if (format === 'json') console.log(JSON.stringify({ channels: tried }, null, 2));
      else for (const one of tried) console.log(outcomeText(one));
      process.exitCode = tried.every(({ error }) => error === '') ? ExitCode.holds : ExitCode.doesNotHold;
    });
}

interface Outcome {
  readonly channel: string;
  /** What went wrong; empty: it took the alert. */
  readonly error: string;
}

async function attempt(target: Target): Promise<Outcome> {
  const nowUs = clockUs();
  const alert = alertOf(
    nowUs,
    { fromUs: nowUs, toUs: nowUs },
    {
      kind: 'test',
      about: [target.id, isoMicros(nowUs)],
      scope: {},
      observed: 'a test',
      expected: 'that it arrives',
      message: `This is a test of the channel ${target.id}. Nothing is wrong.`,
    },
  );
  try {
    await deliver(target, alert, nowUs);
    return { channel: target.id, error: '' };
  } catch (error) {
    return { channel: target.id, error: error instanceof Error ? error.message || error.name : String(error) };
  }
}

function outcomeText({ channel, error }: Outcome): string {
  const look = paint(process.stdout);
  return error === ''
    ? `${look.good('✓')} ${safe(channel)} took it`
    : `${look.bad('✗')} ${safe(channel)}: ${safe(error)}`;
}

function noChannel(channel: string | undefined): string {
  return channel === undefined
    ? "The contract names no channel. Add one under 'alerts: { channels: [...] }'."
    : `The contract names no channel '${channel}'.`;
}
