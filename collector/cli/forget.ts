import { createHash } from 'node:crypto';
import { Command, Option } from 'commander';
import { clockUs } from '../clock.js';
import type { CompiledContract } from '../../auditor/contract.js';
import type { StoreFlags } from '../config.js';
import { contractInForce } from '../contract/in-force.js';
import { writeAuditLog } from '../keys/audit-log.js';
import { userHashOf } from '../privacy/hash-users.js';
import type { Stored, Subject } from '../store/forget.js';
import { countStored, forget, sumOfStored } from '../store/forget.js';
import { oneAtATime } from '../store/one-at-a-time.js';
import { withStore } from '../store/with-store.js';
import { told, UsageError } from './exit.js';

interface ForgetFlags extends StoreFlags {
  readonly tenant?: string;
  readonly user?: string;
  readonly contract?: string;
  readonly dryRun?: boolean;
  readonly format: 'pretty' | 'json';
}

/** `waybill forget`: deletes what is stored of a tenant or a user. */
export function forgetCommand(): Command {
  return new Command('forget')
    .description('delete for good what is stored of a tenant or a user')
    .option('--tenant <tenant>', 'forget this tenant, exactly as it stands on spans')
    .option('--user <user>', 'forget this user')
    .option('--contract <file>', 'says which attributes hold it (default: waybill.yaml where there is one)')
    .option('--dry-run', 'count only')
    .option('--data <dir>', 'where the embedded ClickHouse keeps its data (default: .waybill)')
    .option('--clickhouse-port <port>', 'HTTP of the embedded ClickHouse (default: 8123)')
    .addOption(new Option('--format <format>', 'how to print it').choices(['pretty', 'json']).default('pretty'))
    .addHelpText(
      'after',
      `
It works beside a running Waybill, or without one. Stop what sends its spans first.
A trace is deleted whole where no call in it is another's. In a trace with others' calls, its own are deleted with their
spans, and its name gives way to (forgotten) in the rest. Keys bound to the tenant alone are revoked.
Where users are hashed, give --user as applications name it, and WAYBILL_USER_HASH_KEY as the server has it.
Backups that were made before still hold it. It does not run beside another forget, a backup or a restore.
Exit: 0 done, 2 could not.`,
    )
    .action(async ({ tenant, user, contract, dryRun = false, format, ...where }: ForgetFlags) => {
      const subject = subjectOf(tenant, user, (await contractInForce(contract, process.env)).contract);
      const stored = await withStore(where, process.env, async (store) => {
        const gone = await told(
          oneAtATime(store, 'forget', async () => {
            const all: Stored[] = [];
            for (const one of spellingsOf(subject)) all.push(await (dryRun ? countStored : forget)(store, one));
            return all.reduce(sumOfStored);
          }),
        );
        if (dryRun) return gone;
        const detail = `${subject.kind} with SHA-256 ${sha256(subject.value)}: ${gone.traces} traces, ${gone.calls} calls`;
        await writeAuditLog(store, { actor: 'cli', action: 'forgotten', detail }, clockUs());
        return gone;
      });
      console.log(
        format === 'json' ? JSON.stringify({ isDeleted: !dryRun, ...stored }, null, 2) : storedText(stored, dryRun),
      );
    });
}

function subjectOf(tenant: string | undefined, user: string | undefined, { source }: CompiledContract): Subject {
  const kind = tenant === undefined ? 'user' : 'tenant';
  const value = tenant ?? user ?? '';
  if (value === '' || (tenant !== undefined && user !== undefined)) {
    throw new UsageError('Say whom to forget: either --tenant or --user, and not an empty one.');
  }
  const { key, aliases } = source.attributes[kind];
  return { kind, value, keys: [key, ...aliases] };
}

/** A user as it is stored since users are hashed, and as it was before. */
function spellingsOf(subject: Subject): Subject[] {
  const hash = subject.kind === 'user' ? userHashOf(process.env) : null;
  return hash === null ? [subject] : [{ ...subject, value: hash(subject.value) }, subject];
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function storedText(stored: Stored, isDry: boolean): string {
  const { traces, sharedTraces, calls, spans, records, gates, alerts } = stored;
  return [
    `${isDry ? 'Would delete' : 'Deleted'} ${traces} traces: ${spans} spans, ${calls} calls, ${records} records of gateways, ${gates} answers of the gate, ${alerts} alerts.`,
    `${sharedTraces} traces with calls of others ${isDry ? 'would be' : 'were'} kept without its calls and its name.`,
    isDry ? 'Nothing was deleted (--dry-run).' : 'ClickHouse removes the last files of it within ten minutes.',
  ].join('\n');
}
