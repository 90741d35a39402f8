import * as z from 'zod';
import type { Store } from './client.js';

/** For how many days things are kept. */
export interface Retention {
  /** Spans, records of gateways, and what is known of a trace as a whole: what an audit can be made from again. */
  readonly spanDays: number;
  /** Calls, with their cost and their findings. */
  readonly callDays: number;
}

/** What the schema is made with. */
export const DEFAULT_RETENTION: Retention = { spanDays: 30, callDays: 400 };

/** What goes with the spans goes by the same days, and all of it is parted by day. */
const TABLES_OF_SPANS = ['spans', 'audits', 'payloads', 'payload_keys', 'span_keys'];

const tablesSchema = z.array(z.object({ name: z.string(), days: z.coerce.number() }));

/**
 * Has ClickHouse keep things for so long, from now on and for what is there. It removes what is older by itself, within
 * some hours.
 *
 * @returns the tables for which that is a change
 * @throws StoreUnavailable, or QueryRefused where the user may not alter tables
 */
export async function applyRetention(store: Store, { spanDays, callDays }: Retention): Promise<string[]> {
  const wanted = new Map([...TABLES_OF_SPANS.map((name) => [name, spanDays] as const), ['calls', callDays] as const]);
  const tables = tablesSchema.parse(
    await store.rows(
      `
      SELECT name, extract(create_table_query, 'TTL day \\\\+ toIntervalDay\\\\((\\\\d+)\\\\)') AS days
      FROM system.tables
      WHERE database = currentDatabase() AND name IN {names: Array(String)}
      ORDER BY name`,
      { names: [...wanted.keys()] },
    ),
  );
  const changed = tables.filter(({ name, days }) => wanted.get(name) !== days).map(({ name }) => name);
  for (const table of changed) {
    const days = Number(wanted.get(table));
    await store.command(`ALTER TABLE ${table} MODIFY TTL day + INTERVAL ${days} DAY`);
  }
  return changed;
}
