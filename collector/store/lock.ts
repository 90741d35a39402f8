import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from './client.js';
import { QueryRefused } from './errors.js';

const ENDING_EVERY_MS = 20;

/** Keeps others out until it is disposed of. */
export interface Lock extends AsyncDisposable {
  /** Rejects with `QueryRefused` where ClickHouse ends the lock before that: others may be at work by then. */
  readonly lost: Promise<never>;
}

/**
 * Takes a lock that all who speak to the same server know of. It is a query, since ClickHouse lets no second one have its
 * id: when this process ends, in whatever way, so does the query. Several servers of a cluster do not know of each other's.
 *
 * @param id of the query
 * @param purpose is told to whoever finds it
 * @returns null where another has it
 */
export async function takeLock(store: Store, id: string, purpose: string): Promise<Lock | null> {
  const query = await store.hold(id, purpose);
  if (query === null) return null;
  const lost = new Promise<never>((_, fail) => {
    const tell = (): void =>
      fail(new QueryRefused(`ClickHouse ended what keeps others out. Run waybill ${purpose} again.`));
    query.once('close', tell).once('error', tell).resume();
  });
  lost.catch(() => undefined);
  return {
    lost,
    [Symbol.asyncDispose]: async () => {
      // Where it was lost, the id may be another's by now.
      if (!query.closed) await end(store, id);
      query.destroy();
    },
  };
}

/** Resolves when the next may have the lock. Not `SYNC`, which goes on to kill whoever has the id, and so the next. */
async function end(store: Store, id: string): Promise<void> {
  await store.rows('KILL QUERY WHERE query_id = {id: String} ASYNC', { id });
  const ending = 'SELECT 1 FROM system.processes WHERE query_id = {id: String} AND is_cancelled';
  while ((await store.rows(ending, { id })).length > 0) await sleep(ENDING_EVERY_MS);
}
