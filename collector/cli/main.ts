#!/usr/bin/env node
import { Command } from 'commander';
import { packageVersion } from '../package-path.js';
import { commands } from './commands.js';
import { exitCodeOf, ExitCode } from './exit.js';

const program = new Command('waybill')
  .description(
    'Audits whether tenant, feature and budget policy survive every hop to an LLM call, before you block on them.',
  )
  .version(packageVersion())
  .showHelpAfterError('(waybill --help lists the commands)')
  .exitOverride();

const [named = ''] = process.argv.slice(2);
const wanted = Object.entries(commands).filter(([name]) => name === named || !Object.hasOwn(commands, named));

try {
  for (const [, load] of wanted) program.addCommand((await load()).exitOverride());
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
// Ctrl-C and SIGTERM end `serve`; every other command is done here.
if (process.exitCode === undefined) process.exitCode = ExitCode.holds;
