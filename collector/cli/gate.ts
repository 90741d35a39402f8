import { Command, Option } from 'commander';
import * as z from 'zod';
import type { GateAnswer, Scope } from '../../schemas/gate.js';
import { gateAnswerSchema } from '../../schemas/gate.js';
import { ExitCode, UsageError } from './exit.js';
import { gateText } from './gate-text.js';
import { paint } from './paint.js';

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
    .addOption(new Option('--url <url>', 'where Waybill answers').env('WAYBILL_URL').default('http://127.0.0.1:4319'))
    .addOption(new Option('--format <format>', 'how to print it').choices(['pretty', 'json']).default('pretty'))
    .addHelpText('after', '\nExit: 0 ready, 1 not ready, 2 could not ask, 3 too little data to say.')
    .action(async ({ url, format, ...question }: GateFlags) => {
      const answer = await ask(url, question);
      console.log(format === 'json' ? JSON.stringify(answer, null, 2) : gateText(answer, paint(process.stdout)));
      process.exitCode = {
        ready: ExitCode.holds,
        not_ready: ExitCode.doesNotHold,
        insufficient_data: ExitCode.tooLittleData,
      }[answer.answer];
    });
}

async function ask(url: string, question: Scope & { readonly since?: string }): Promise<GateAnswer> {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(question)) if (value !== undefined) query.set(name, value);
  const { ok, status, text } = await answerOf(url, `/v1/gate?${query.toString()}`);
  const body = parsed(text);
  const refused = errorSchema.safeParse(body);
  if (refused.success) throw new UsageError(`Waybill at ${url} answered ${status}: ${refused.data.error.message}`);
  const answer = gateAnswerSchema.safeParse(body);
  if (ok && answer.success) return answer.data;
  throw new UsageError(`What answers at ${url} (with ${status}) is not Waybill, or not this version of it.`);
}

const errorSchema = z.object({ error: z.object({ message: z.string() }) });

async function answerOf(url: string, path: string): Promise<{ ok: boolean; status: number; text: string }> {
  try {
    const response = await fetch(new URL(path, url), { signal: AbortSignal.timeout(60_000) });
    return { ok: response.ok, status: response.status, text: await response.text() };
  } catch (error) {
    throw new UsageError(
      `Waybill does not answer at ${url} (${reasonOf(error)}). Start it with 'waybill serve', or name it with --url.`,
    );
  }
}

/** What went wrong; `fetch` itself only says that it failed, and why is in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
