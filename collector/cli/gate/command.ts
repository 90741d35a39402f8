import { writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { GateAnswer, Scope } from '../../../schemas/gate.js';
import { gateAnswerSchema, scopeSchema } from '../../../schemas/gate.js';
import { askWaybill, queryOf, urlOption } from '../ask.js';
import { ExitCode, gateExitCode, UsageError } from '../exit.js';
import type { Paint } from '../paint.js';
import { paint } from '../paint.js';
import { gateJunit } from './junit.js';
import { gateMarkdown } from './markdown.js';
import { gateText } from './pretty.js';
import { gateSarif } from './sarif.js';

const PATIENCE_MS = 60_000;

interface Style {
  readonly paint: Paint;
  /** What SARIF results point at. */
  readonly sarifFile: string;
}

/** How each format writes the answers. */
const FORMATS = {
  pretty: (answers: readonly GateAnswer[], style: Style) =>
    answers.map((answer) => gateText(answer, style.paint)).join('\n\n'),
  json: (answers: readonly GateAnswer[]) => JSON.stringify(answers.length === 1 ? answers[0] : { answers }, null, 2),
  markdown: gateMarkdown,
  junit: gateJunit,
  sarif: (answers: readonly GateAnswer[], { sarifFile }: Style) => gateSarif(answers, sarifFile),
} as const satisfies Record<string, (answers: readonly GateAnswer[], style: Style) => string>;

type Format = keyof typeof FORMATS;

interface Output {
  readonly format: Format;
  readonly file: string;
}

interface GateFlags extends Scope {
  readonly scope: readonly Scope[];
  readonly since?: string;
  readonly url: string;
  readonly format: Format;
  readonly out: readonly Output[];
  readonly sarifFile: string;
}

/** `waybill gate`: asks a running Waybill whether enforcement may be rolled out. */
export function gateCommand(): Command {
  return new Command('gate')
    .description('ask whether enforcement may be rolled out in a scope, or in each of several')
    .option('--tenant <tenant>', 'only calls of this tenant')
    .option('--feature <feature>', 'only calls of this feature')
    .option('--policy <policy>', 'only calls under this policy')
    .option('--service <service>', 'only calls whose route passes this service')
    .addOption(
      new Option('--scope <scope>', 'a scope by itself, such as tenant=acme,policy=pro; give it again for more')
        .argParser(addScope)
        .default([], 'the one of the flags above')
        .conflicts(['tenant', 'feature', 'policy', 'service']),
    )
    .option('--since <time>', 'how far back, such as 24h or 7d (default: the window of the contract)')
    .addOption(urlOption())
    .addOption(new Option('--format <format>', 'how to print it').choices(Object.keys(FORMATS)).default('pretty'))
    .addOption(
      new Option('--out <format=file>', 'write it to a file, too, such as junit=gate.xml; give it again for more')
        .argParser(addOutput)
        .default([], 'no file'),
    )
    .option('--sarif-file <file>', 'the file of your repository that SARIF results point at', 'waybill.yaml')
    .addHelpText('after', '\nExit: 0 all are ready, 1 one is not ready, 2 could not ask, 3 too little data to say.')
    .action(async ({ scope, since, url, format, out, sarifFile, ...flags }: GateFlags) => {
      const answers: GateAnswer[] = [];
      // One after the other: each asks for a whole window of calls.
      for (const asked of scope.length > 0 ? scope : [flags]) {
        const path = `/v1/gate?${queryOf({ ...asked, since })}`;
        answers.push(await askWaybill(url, path, gateAnswerSchema, PATIENCE_MS));
      }
      for (const { format: written, file } of out) {
        await write(file, `${FORMATS[written](answers, { paint: paint({ isTTY: false }, {}), sarifFile })}\n`);
      }
      console.log(FORMATS[format](answers, { paint: paint(process.stdout), sarifFile }));
      process.exitCode = exitCodeFor(answers);
    });
}

/** One that is not ready decides, whatever is not known of the others. */
function exitCodeFor(answers: readonly GateAnswer[]): number {
  const codes = answers.map(({ answer }) => gateExitCode[answer]);
  return [ExitCode.doesNotHold, ExitCode.tooLittleData].find((code) => codes.includes(code)) ?? ExitCode.holds;
}

function addScope(text: string, before: readonly Scope[]): readonly Scope[] {
  const parts = text.split(',').map((part) => /^\s*(\w+)=(.*?)\s*$/.exec(part)?.slice(1) ?? [part, '']);
  const scope = scopeSchema.safeParse(Object.fromEntries(parts));
  if (!scope.success || parts.some(([, value]) => value === '') || Object.keys(scope.data).length < parts.length) {
    throw new InvalidArgumentError('A scope names tenant, feature, policy or service, such as tenant=acme,policy=pro.');
  }
  return [...before, scope.data];
}

function addOutput(text: string, before: readonly Output[]): readonly Output[] {
  const [, format = '', file = ''] = /^(\w+)=(.+)$/.exec(text) ?? [];
  if (!isFormat(format)) {
    throw new InvalidArgumentError(
      `Give format=file, such as junit=gate.xml; there are ${Object.keys(FORMATS).join(', ')}.`,
    );
  }
  return [...before, { format, file }];
}

function isFormat(text: string): text is Format {
  return Object.hasOwn(FORMATS, text);
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw new UsageError(`${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}
