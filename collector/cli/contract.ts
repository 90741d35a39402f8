import { Command, Option } from 'commander';
import { ContractError, loadContract } from '../contract/load.js';
import { ExitCode } from './exit.js';

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
  return new Command('contract').description('check a contract').addCommand(check);
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
