import { Command, Option } from 'commander';
import { clockUs } from '../clock.js';
import type { ListedKey, Role } from '../../schemas/key.js';
import { roleSchema } from '../../schemas/key.js';
import type { StoreFlags } from '../config.js';
import { createKey, listKeys, revokeKey } from '../keys/manage.js';
import { withStore } from '../store/with-store.js';
import { UsageError } from './exit.js';
import { columnsText, safe } from './text.js';

type Format = 'pretty' | 'json';

interface KeysFlags extends StoreFlags {
  readonly format: Format;
}

interface CreateFlags extends KeysFlags {
  readonly role: Role;
  readonly tenants: string;
  readonly services: string;
}

/** `waybill keys`: makes, lists and revokes the keys by which senders and readers are known. */
export function keysCommand(): Command {
  return new Command('keys')
    .description('who may send and who may ask')
    .addCommand(create().exitOverride())
    .addCommand(list().exitOverride())
    .addCommand(revoke().exitOverride());
}

function create(): Command {
  return withStoreFlags(new Command('create'))
    .description('make a key, and show it this once; from the first on, nobody gets in without one')
    .argument('<name>', 'what people call it, such as the application that has it')
    .addOption(
      new Option('--role <role>', 'what it is for: to send, to ask, or everything')
        .choices(roleSchema.options)
        .makeOptionMandatory(),
    )
    .option('--tenants <list>', 'comma separated: tenants that it may speak for (* for any characters), or read', '*')
    .option('--services <list>', 'comma separated: services whose spans it may send (* for any characters)', '*')
    .action(async (name: string, { role, tenants, services, format, ...where }: CreateFlags) => {
      const wanted = { name, role, tenants: listed(tenants), services: listed(services) };
      const made = await withStore(where, process.env, (store) => usable(createKey(store, wanted, clockUs())));
      console.log(format === 'json' ? JSON.stringify(made, null, 2) : createdText(made));
    });
}

function list(): Command {
  return withStoreFlags(new Command('list'))
    .description('list the keys, never the secret itself')
    .action(async ({ format, ...where }: KeysFlags) => {
      const keys = await withStore(where, process.env, listKeys);
      console.log(format === 'json' ? JSON.stringify({ keys }, null, 2) : keysText(keys));
    });
}

function revoke(): Command {
  return withStoreFlags(new Command('revoke'))
    .description('make a key good for nothing, within two seconds')
    .argument('<id>', 'its id, as keys list shows it')
    .action(async (id: string, { format, ...where }: KeysFlags) => {
      const key = await withStore(where, process.env, (store) => usable(revokeKey(store, id, clockUs())));
      console.log(format === 'json' ? JSON.stringify(key, null, 2) : `${safe(key.name)} (${key.id}) is revoked.`);
    });
}

function withStoreFlags(command: Command): Command {
  return command
    .option('--data <dir>', 'where the embedded ClickHouse keeps its data (default: .waybill)')
    .option('--clickhouse-port <port>', 'HTTP of the embedded ClickHouse (default: 8123)')
    .addOption(new Option('--format <format>', 'how to print it').choices(['pretty', 'json']).default('pretty'));
}

function listed(text: string): string[] {
  return text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

/** What cannot be made as it was asked for is the asker's to put right. */
async function usable<T>(made: Promise<T>): Promise<T> {
  try {
    return await made;
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
}

function createdText({ key, ...made }: ListedKey & { readonly key: string }): string {
  const use =
    made.role === 'ingest'
      ? `OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20${key}"`
      : `WAYBILL_KEY=${key} waybill gate`;
  return `${key}

This is shown once: only a hash of it is kept. Its id is ${made.id}.

  ${use}`;
}

function keysText(keys: readonly ListedKey[]): string {
  if (keys.length === 0) return 'There are no keys: this machine alone is served, and anyone on it.';
  const rows = keys.map(({ id, name, role, tenants, services, createdAt, isRevoked }) => [
    id,
    role,
    createdAt.slice(0, 10),
    isRevoked ? 'revoked' : 'good',
    tenants.join(','),
    services.join(','),
    name,
  ]);
  return columnsText([['id', 'role', 'made', 'state', 'tenants', 'services', 'name'], ...rows]);
}
