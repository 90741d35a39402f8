import { Command, Option } from 'commander';
import type { StoreFlags } from '../config.js';
import { storeAddress } from '../config.js';
import { migrate } from '../store/migrate.js';

interface MigrateFlags extends StoreFlags {
  readonly format: 'pretty' | 'json';
}

/** `waybill migrate`: brings the schema of the database up to date, as `serve` does when it starts. */
export function migrateCommand(): Command {
  return new Command('migrate')
    .description('bring the schema of the database up to date, before a new version is started')
    .option('--data <dir>', 'the data of a Waybill that runs (default: .waybill); not with CLICKHOUSE_URL')
    .option('--clickhouse-port <port>', 'HTTP of its ClickHouse (default: 8123)')
    .addOption(new Option('--format <format>', 'how to print it').choices(['pretty', 'json']).default('pretty'))
    .action(async ({ format, ...where }: MigrateFlags) => {
      const applied = await migrate(await storeAddress(where, process.env));
      if (format === 'json') console.log(JSON.stringify({ applied }, null, 2));
      else console.log(applied.length === 0 ? 'The schema is up to date.' : `Applied: ${applied.join(', ')}.`);
    });
}
