import { resolve } from 'node:path';
import { Command } from 'commander';
import { clockUs } from '../clock.js';
import type { StoreFlags } from '../config.js';
import { storeAddress } from '../config.js';
import { writeAuditLog } from '../keys/audit-log.js';
import { backUp, restore } from '../store/backup.js';
import { migrate } from '../store/migrate.js';
import { oneAtATime } from '../store/one-at-a-time.js';
import { withStore } from '../store/with-store.js';
import { told } from './exit.js';

interface RestoreFlags extends StoreFlags {
  readonly replace?: boolean;
}

/** `waybill backup`: writes everything that is stored into a directory. */
export function backupCommand(): Command {
  return withStoreFlags(new Command('backup'))
    .description('write everything that is stored into a directory, while Waybill runs or not')
    .argument('<dir>', 'where nothing is yet; keep it as you keep the data directory')
    .addHelpText('after', OTHER_SERVERS)
    .action(async (dir: string, where: StoreFlags) => {
      const directory = resolve(dir);
      const bytes = await withStore(where, process.env, async (store) => {
        const size = await told(oneAtATime(store, 'backup', () => backUp(store, directory)));
        await writeAuditLog(store, { actor: 'cli', action: 'backed-up', detail: directory }, clockUs());
        return size;
      });
      console.log(`Backed up to ${directory} (${(bytes / 1e6).toFixed(1)} MB).`);
    });
}

/** `waybill restore`: puts a backup in place of what is stored. */
export function restoreCommand(): Command {
  return withStoreFlags(new Command('restore'))
    .description('bring back a backup, into a fresh directory or in place of what is there; stop Waybill first')
    .argument('<dir>', 'the backup')
    .option('--replace', 'lose what is stored now')
    .addHelpText('after', OTHER_SERVERS)
    .action(async (dir: string, { replace = false, ...where }: RestoreFlags) => {
      const directory = resolve(dir);
      await withStore(where, process.env, async (store) => {
        await told(
          oneAtATime(store, 'restore', async () => {
            await restore(store, directory, replace);
            await migrate(await storeAddress(where, process.env));
          }),
        );
        await writeAuditLog(store, { actor: 'cli', action: 'restored', detail: directory }, clockUs());
      });
      console.log(`Restored from ${directory}.`);
    });
}

const OTHER_SERVERS =
  '\nWith CLICKHOUSE_URL the directory is on that server, which must allow it (backups.allowed_path); else use its own backups.\nExit: 0 done, 2 could not.';

function withStoreFlags(command: Command): Command {
  return command
    .option('--data <dir>', 'where the embedded ClickHouse keeps its data (default: .waybill)')
    .option('--clickhouse-port <port>', 'HTTP of the embedded ClickHouse (default: 8123)');
}
