import * as z from 'zod';
import type { Store } from './client.js';

/** The part of all traces that one audit loop takes: those whose hash is `index` modulo `of`. */
export interface Share {
  readonly index: number;
  readonly of: number;
}

const timeSchema = z.array(z.object({ at: z.coerce.number() }));

/** How far the audit loop of a share has come, microseconds since 1970; null where it never ran. */
export async function readCut(store: Store, share: Share): Promise<number | null> {
  const rows = await store.rows(
    'SELECT toUnixTimestamp64Micro(cut) AS at FROM cuts FINAL WHERE shard = {shard: String}',
    { shard: nameOf(share) },
  );
  return timeSchema.parse(rows)[0]?.at ?? null;
}

/** Keeps how far the audit loop of a share has come. */
export async function writeCut(store: Store, share: Share, cutUs: number, nowUs: number): Promise<void> {
  await store.command(
    `
    INSERT INTO cuts (shard, cut, updated_at)
    SELECT {shard: String}, fromUnixTimestamp64Micro({cutUs: Int64}, 'UTC'), fromUnixTimestamp64Micro({nowUs: Int64}, 'UTC')`,
    { shard: nameOf(share), cutUs, nowUs },
  );
}

function nameOf({ index, of }: Share): string {
  return `${index + 1}/${of}`;
}

/** The time of the oldest arrival, microseconds since 1970; null where nothing ever arrived. */
export async function oldestArrivalUs(store: Store): Promise<number | null> {
  const rows = await store.rows(
    'SELECT toUnixTimestamp64Micro(min(received_at)) AS at FROM arrivals HAVING count() > 0',
  );
  return timeSchema.parse(rows)[0]?.at ?? null;
}

/**
 * The end of the next step of work: the time of the arrival that is `limit` places after `fromUs`; null where there
 * are fewer. A backlog of any size is so worked in bounded steps.
 */
export async function stepEndUs(store: Store, fromUs: number, limit: number): Promise<number | null> {
  const rows = await store.rows(
    `
    SELECT toUnixTimestamp64Micro(received_at) AS at
    FROM arrivals
    WHERE received_at > fromUnixTimestamp64Micro({fromUs: Int64}, 'UTC')
    ORDER BY received_at
    LIMIT 1 OFFSET {limit: UInt32}`,
    { fromUs, limit },
  );
  return timeSchema.parse(rows)[0]?.at ?? null;
}
