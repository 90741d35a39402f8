import { writeFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { ContractError } from '../contract/error.js';
import { loadContract } from '../contract/load.js';
import { proposalSchema } from '../../schemas/contract.js';
import { askWaybill, queryOf, urlOption } from './ask.js';
import { ExitCode, UsageError } from './exit.js';

/** All spans of the window are looked through. */
const PATIENCE_MS = 120_000;

/** `waybill contract`: what can be done with a contract file. */
export function contractCommand(): Command {
  const check = new Command('check')
    .description('say whether a contract is valid, and where not')
    .argument('[file]', 'the contract', 'waybill.yaml')
    .addOption(new Option('--format <format>', 'how to print it').choices(['pretty', 'json']).default('pretty'))
    .addHelpText('after', '\nExit: 0 valid, 1 not valid, 2 could not be read.')
    .exitOverride()
    .action(async (file: string, { format }: { format: 'pretty' | 'json' }) => {
      const problems = await problemsOf(file);
      if (format === 'json') console.log(JSON.stringify({ file, problems }, null, 2));
      else if (problems.length === 0) console.log(`${file} is valid.`);
      else for (const { line, column, message } of problems) console.log(`${file}:${line}:${column}: ${message}`);
      process.exitCode = problems.length === 0 ? ExitCode.holds : ExitCode.doesNotHold;
    });
  return new Command('contract').description('check a contract, or propose one').addCommand(check).addCommand(init());
}

interface InitFlags {
  readonly since: string;
  readonly out?: string;
  readonly url: string;
}

function init(): Command {
  return new Command('init')
    .description('propose a contract from what the spans of the last days show')
    .option('--since <time>', 'how far back to look, such as 24h or 30d', '7d')
    .option('--out <file>', 'write it there, where no file is yet (default: to standard output)')
    .addOption(urlOption())
    .addHelpText('after', '\nExit: 0 written, 2 could not ask or write.')
    .exitOverride()
    .action(async ({ since, out, url }: InitFlags) => {
      const path = `/v1/contract/proposal?${queryOf({ since })}`;
      const { yaml } = await askWaybill(url, path, proposalSchema, PATIENCE_MS);
      if (out === undefined) process.stdout.write(yaml);
      else {
        await writeNew(out, yaml);
        console.log(`${out} is written. Read it through, then say 'waybill contract check ${out}'.`);
      }
      process.exitCode = ExitCode.holds;
    });
}

async function writeNew(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    if (exists) throw new UsageError(`${file} is there already, and is not overwritten. Name another one with --out.`);
    throw error;
  }
}

async function problemsOf(file: string): Promise<ContractError['problems']> {
  try {
    await loadContract(file);
    return [];
  } catch (error) {
    if (error instanceof ContractError) return error.problems;
    throw error;
  }
}
