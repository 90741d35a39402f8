import type { Command } from 'commander';
import { alertsCommand } from './alerts.js';
import { auditCommand } from './audit.js';
import { contractCommand } from './contract.js';
import { gateCommand } from './gate.js';
import { policiesCommand } from './policies.js';
import { reauditCommand } from './reaudit.js';
import { rulesCommand } from './rules.js';
import { serveCommand } from './serve.js';
import { simulateCommand } from './simulate.js';

/** Every command of `waybill`, in the order in which help lists them. */
export const commands: readonly (() => Command)[] = [
  serveCommand,
  auditCommand,
  gateCommand,
  simulateCommand,
  policiesCommand,
  reauditCommand,
  alertsCommand,
  contractCommand,
  rulesCommand,
];
