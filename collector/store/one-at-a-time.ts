import * as z from 'zod';
import type { Store } from './client.js';
import { QueryRefused } from './errors.js';
import { takeLock } from './lock.js';

/** Work on all of what is stored, of which two at once would spoil each other. */
export type WholeWork = 'forget' | 'backup' | 'restore';

/**
 * Does work on all of what is stored while nobody else does, from whatever machine.
 *
 * @throws QueryRefused where another is at work, or where the store is a cluster: no lock keeps others out of all of it
 */
export async function oneAtATime<T>(store: Store, work: WholeWork, run: () => Promise<T>): Promise<T> {
  if (store.cluster !== undefined) throw notOnCluster(work, store);
  const id = wholeWorkId(store);
  await using lock = await takeLock(store, id, work);
  if (lock === null)
    throw new QueryRefused(`${await whoHas(store, id)} Nothing was changed. Ask again when it is done.`);
  await refuseBesideBackup(store, id);
  return await Promise.race([run(), lock.lost]);
}

function notOnCluster(work: WholeWork, { cluster, database }: Store): QueryRefused {
  const instead =
    work === 'forget'
      ? 'Delete by hand: deploy/SCALING.md says where the rows are.'
      : `Use ClickHouse's own BACKUP and RESTORE of the database ${database}_local ON CLUSTER ${cluster}.`;
  return new QueryRefused(`waybill ${work} works on a single ClickHouse, and this is a cluster. ${instead}`);
}

/** The id of the query that keeps others out; those of backups and restores begin with it. */
export function wholeWorkId(store: Store): string {
  return `waybill-whole-${store.database}`;
}

const holderSchema = z.array(z.object({ work: z.string(), seconds: z.coerce.number() }));

async function whoHas(store: Store, id: string): Promise<string> {
  const [holder] = holderSchema.parse(
    await store.rows(
      "SELECT Settings['log_comment'] AS work, elapsed AS seconds FROM system.processes WHERE query_id = {id: String}",
      { id },
    ),
  );
  // It may have ended just now.
  if (holder === undefined) return 'Another waybill forget, backup or restore was at work just now.';
  return `A waybill ${holder.work} is at work since ${holder.seconds.toFixed(0)} s.`;
}

/** ClickHouse goes on with what a process began that was killed. */
async function refuseBesideBackup(store: Store, id: string): Promise<void> {
  const running = await store.rows(
    "SELECT 1 FROM system.backups WHERE startsWith(id, {id: String}) AND status IN ('CREATING_BACKUP', 'RESTORING')",
    { id: `${id}-` },
  );
  if (running.length > 0) {
    throw new QueryRefused(
      'ClickHouse still works on a backup or restore whose command was ended. Nothing was changed. Ask again when it is done.',
    );
  }
}
