import { Command, Option } from 'commander';
import type { GateAnswer, Scope } from '../../schemas/gate.js';
import { gateAnswerSchema } from '../../schemas/gate.js';
import { ExitCode, UsageError } from './exit.js';
import { gateText } from './gate-text.js';
import { paint } from './paint.js';

interface GateFlags extends Scope {
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
    .option('--url <url>', 'where Waybill answers', process.env['WAYBILL_URL'] ?? 'http://127.0.0.1:4319')
    .addOption(new Option('--format <format>', 'how to print it').choices(['pretty', 'json']).default('pretty'))
    .addHelpText('after', '\nExit: 0 ready, 1 not ready, 2 could not ask, 3 too little data to say.')
    .action(async ({ url, format, ...scope }: GateFlags) => {
      const answer = await ask(url, scope);
      console.log(format === 'json' ? JSON.stringify(answer, null, 2) : gateText(answer, paint(process.stdout)));
      process.exitCode = {
        ready: ExitCode.holds,
        not_ready: ExitCode.doesNotHold,
        insufficient_data: ExitCode.tooLittleData,
      }[answer.answer];
    });
}

async function ask(url: string, scope: Scope): Promise<GateAnswer> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(scope)) if (value !== undefined) query.set(name, value);
  let response: Response;
  try {
    response = await fetch(new URL(`/v1/gate?${query.toString()}`, url), { signal: AbortSignal.timeout(60_000) });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `Waybill does not answer at ${url} (${why}). Start it with 'waybill serve', or name it with --url.`,
    );
  }
  const body: unknown = await response.json();
  if (!response.ok) throw new UsageError(`Waybill at ${url} answered ${response.status}: ${JSON.stringify(body)}`);
  return gateAnswerSchema.parse(body);
}
