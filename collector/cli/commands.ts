import type { Command } from 'commander';
import { alertsCommand } from './alerts.js';
import { auditCommand } from './audit.js';
import { backupCommand, restoreCommand } from './backup.js';
import { contractCommand } from './contract.js';
import { decisionsCommand } from './decisions.js';
import { forgetCommand } from './forget.js';
import { gateCommand } from './gate/command.js';
import { keysCommand } from './keys.js';
import { policiesCommand } from './policies.js';
import { reauditCommand } from './reaudit.js';
import { reportCommand } from './report/command.js';
import { rolloutCommand } from './rollout.js';
import { rulesCommand } from './rules.js';
import { serveCommand } from './serve.js';
import { simulateCommand } from './simulate.js';

/** Every command of `waybill`, in the order in which help lists them. */
export const commands: readonly (() => Command)[] = [
  serveCommand,
  auditCommand,
  gateCommand,
  rolloutCommand,
  decisionsCommand,
  reportCommand,
  simulateCommand,
  policiesCommand,
  reauditCommand,
  alertsCommand,
  contractCommand,
  keysCommand,
  forgetCommand,
  backupCommand,
  restoreCommand,
  rulesCommand,
];
