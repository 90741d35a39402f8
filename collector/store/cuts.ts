import * as z from 'zod';
import type { Store } from './client.js';

/** The part of all traces that one audit loop takes: those whose hash is `index` modulo `of`. */
export interface Share {
  readonly index: number;
  readonly of: number;
}

/** How far one auditor has come with a share: every trace of it that settled up to there is audited. */
export interface Cut {
  readonly share: Share;
  /** The share of the auditor that has done this in place of the share's own; null: its own. */
  readonly worker: Share | null;
  /** Microseconds since 1970. */
  readonly cutUs: number;
}

const timeSchema = z.array(z.object({ at: z.coerce.number() }));
const shareSchema = z.string().transform((name): Share => {
  const [number, of] = name.split('/').map(Number);
  return { index: Number(number) - 1, of: Number(of) };
});
const cutsSchema = z.array(
  z.object({
    share: shareSchema,
    worker: z.union([z.literal('').transform(() => null), shareSchema]),
    cutUs: z.coerce.number(),
  }),
);

/** How far every auditor that there ever was has come. */
export async function readCuts(store: Store): Promise<Cut[]> {
  return cutsSchema.parse(
    await store.rows('SELECT shard AS share, worker, toUnixTimestamp64Micro(cut) AS cutUs FROM cuts FINAL'),
  );
}

/** Keeps how far an auditor has come. */
export async function writeCut(store: Store, { share, worker, cutUs }: Cut, nowUs: number): Promise<void> {
  await store.command(
    `
    INSERT INTO cuts (shard, worker, cut, updated_at)
    SELECT
        {shard: String},
        {worker: String},
        fromUnixTimestamp64Micro({cutUs: Int64}, 'UTC'),
        fromUnixTimestamp64Micro({nowUs: Int64}, 'UTC')`,
    { shard: nameOf(share), worker: worker === null ? '' : nameOf(worker), cutUs, nowUs },
  );
}

/** A share as people write it: `2/8` is the second of eight. */
export function nameOf({ index, of }: Share): string {
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
