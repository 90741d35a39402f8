#!/usr/bin/env node
import { Command } from 'commander';
import { packageVersion } from '../package-path.js';
import { auditCommand } from './audit.js';
import { contractCommand } from './contract.js';
import { exitCodeOf, ExitCode } from './exit.js';
import { gateCommand } from './gate.js';
import { rulesCommand } from './rules.js';
import { serveCommand } from './serve.js';

const program = new Command('waybill')
  .description(
    'Audits whether tenant, feature and budget policy survive every hop to an LLM call, before you block on them.',
  )
  .version(packageVersion())
  .showHelpAfterError('(waybill --help lists the commands)')
  .exitOverride();

for (const command of [serveCommand, auditCommand, gateCommand, contractCommand, rulesCommand]) {
  program.addCommand(command().exitOverride());
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
// Ctrl-C and SIGTERM end `serve`; every other command is done here.
if (process.exitCode === undefined) process.exitCode = ExitCode.holds;
