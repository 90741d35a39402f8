import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { filesBelow } from './files-below.js';
import type { RunningWaybill } from './waybill.js';

/** Looks for texts in all that a Waybill has stored. */
export interface StoredText {
  readonly sql: (query: string) => Promise<string>;
  /** The columns of all tables in which a text stands anywhere, as ClickHouse unpacks and prints them. */
  readonly columnsWith: (needle: string) => Promise<string[]>;
  readonly filesWith: (needle: string) => Promise<string[]>;
}

export async function storedTextOf(waybill: RunningWaybill): Promise<StoredText> {
  const password = (await readFile(join(waybill.dataDir, 'reader.password'), 'utf8')).trim();

  async function sql(query: string): Promise<string> {
    const headers = { 'x-clickhouse-user': 'reader', 'x-clickhouse-key': password };
    const response = await fetch(waybill.clickHouseUrl, { method: 'POST', headers, body: query });
    const answer = await response.text();
    if (!response.ok) throw new Error(answer);
    return answer.trim();
  }

  async function columnsWith(needle: string): Promise<string[]> {
    const listed = await sql(
      "SELECT table, name FROM system.columns WHERE database = 'waybill' AND default_kind != 'ALIAS' FORMAT JSONCompact",
    );
    const { data } = z.object({ data: z.array(z.tuple([z.string(), z.string()])) }).parse(JSON.parse(listed));
    const found: string[] = [];
    for (const table of new Set(data.map(([one]) => one))) {
      const columns = data.flatMap(([one, name]) => (one === table ? [name] : []));
      const counts = columns.map((name) => `countIf(position(toString(\`${name}\`), '${needle}') > 0)`);
      const row = (await sql(`SELECT ${counts.join(', ')} FROM waybill.\`${table}\` FORMAT TSV`)).split('\t');
      found.push(...columns.filter((_, i) => row[i] !== '0').map((name) => `${table}.${name}`));
    }
    return found;
  }

  async function filesWith(needle: string): Promise<string[]> {
    const files = await filesBelow(waybill.dataDir);
    return files.filter(({ content }) => content.includes(needle)).map(({ path }) => path);
  }

  return { sql, columnsWith, filesWith };
}
