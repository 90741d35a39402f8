import type { Command } from 'commander';

/**
 * Every command of `waybill` by name, in the order in which help lists them. Each is loaded when it is called for: a
 * command is there in half the time without the others.
 */
export const commands: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.js')).serveCommand(),
  audit: async () => (await import('./audit.js')).auditCommand(),
  gate: async () => (await import('./gate/command.js')).gateCommand(),
  rollout: async () => (await import('./rollout.js')).rolloutCommand(),
  decisions: async () => (await import('./decisions.js')).decisionsCommand(),
  report: async () => (await import('./report/command.js')).reportCommand(),
  simulate: async () => (await import('./simulate.js')).simulateCommand(),
  policies: async () => (await import('./policies.js')).policiesCommand(),
  reaudit: async () => (await import('./reaudit.js')).reauditCommand(),
  alerts: async () => (await import('./alerts.js')).alertsCommand(),
  contract: async () => (await import('./contract.js')).contractCommand(),
  migrate: async () => (await import('./migrate.js')).migrateCommand(),
  keys: async () => (await import('./keys.js')).keysCommand(),
  forget: async () => (await import('./forget.js')).forgetCommand(),
  backup: async () => (await import('./backup.js')).backupCommand(),
  restore: async () => (await import('./backup.js')).restoreCommand(),
  rules: async () => (await import('./rules.js')).rulesCommand(),
};
