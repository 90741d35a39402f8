import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { Store } from './client.js';
import { QueryRefused } from './errors.js';
import { wholeWorkId } from './one-at-a-time.js';

const POLL_MS = 100;

const startedSchema = z.tuple([z.object({ id: z.string() })]);
const stateSchema = z.array(z.object({ status: z.string(), error: z.string(), bytes: z.coerce.number() }));

/**
 * Has ClickHouse write the whole database into a directory, of one moment a table, while it goes on.
 *
 * @param file absolute path on the machine of ClickHouse, where nothing may be yet
 * @returns its size in bytes
 * @throws QueryRefused where ClickHouse may not write there
 */
export async function backUp(store: Store, directory: string): Promise<number> {
  return finished(
    store,
    await store.rows(`BACKUP DATABASE ${store.database} TO File({directory: String}) ${known(store)} ASYNC`, {
      directory,
    }),
  );
}

/**
 * Has ClickHouse put a backup in place of the database.
 *
 * @param isReplacing whether what is stored may be lost
 * @throws RangeError where something is stored that may not be; QueryRefused where there is no such backup
 */
export async function restore(store: Store, directory: string, isReplacing: boolean): Promise<void> {
  if (!isReplacing && (await holdsData(store))) {
    throw new RangeError(
      'Spans or calls are stored here, and would be lost. Restore into a fresh directory (--data), or say --replace.',
    );
  }
  // Beside what is there first: what is no backup must not cost what it was to replace.
  const draft = `${store.database}_restored`;
  await store.command(`DROP DATABASE IF EXISTS ${draft} SYNC`);
  await finished(
    store,
    await store.rows(
      `RESTORE DATABASE ${store.database} AS ${draft} FROM File({directory: String}) ${known(store)} ASYNC`,
      {
        directory,
      },
    ),
  );
  await store.command(`DROP DATABASE ${draft} SYNC`);
  // Drops its tables, whatever schema they have; the database that the connection is in stays.
  await store.command(`TRUNCATE DATABASE ${store.database}`);
  await finished(
    store,
    await store.rows(`RESTORE DATABASE ${store.database} FROM File({directory: String}) ${known(store)} ASYNC`, {
      directory,
    }),
  );
}

/** Names it, so that one whose command was ended is found again. */
function known(store: Store): string {
  return `SETTINGS id = '${wholeWorkId(store)}-${randomUUID()}'`;
}

async function holdsData(store: Store): Promise<boolean> {
  const rows = await store.rows('SELECT 1 FROM spans LIMIT 1 UNION ALL SELECT 1 FROM calls LIMIT 1');
  return rows.length > 0;
}

/** Waits for it however long it takes: no answer of HTTP is waited for so long. */
async function finished(store: Store, started: unknown[]): Promise<number> {
  const [{ id }] = startedSchema.parse(started);
  for (;;) {
    const [state] = stateSchema.parse(
      await store.rows(
        'SELECT toString(status) AS status, error, total_size AS bytes FROM system.backups WHERE id = {id: String}',
        { id },
      ),
    );
    if (state === undefined || /FAILED|CANCELLED/.test(state.status)) {
      throw new QueryRefused(`ClickHouse could not do it: ${headOf(state?.error) ?? 'it was started again meanwhile'}`);
    }
    if (/^(BACKUP_CREATED|RESTORED)$/.test(state.status)) return state.bytes;
    await sleep(POLL_MS);
  }
}

/** The first line, without the addresses of its code. */
function headOf(error: string | undefined): string | undefined {
  return error?.split(/, Stack trace|\n/)[0];
}
