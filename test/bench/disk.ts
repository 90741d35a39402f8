import * as z from 'zod';
import { toProtobuf } from '../collector/otlp/request.js';
import type { Figure } from './figure.js';
import { figure } from './figure.js';
import { startMeasuredWaybill } from './measured-waybill.js';
import { benchRequests } from './workload.js';

const REQUESTS = 300;
/** By seed, so that they are never all in memory. */
const REQUESTS_A_SEED = 20;
const AT_ONCE = 4;

const partsSchema = z.array(z.object({ table: z.string(), rows: z.coerce.number(), bytes: z.coerce.number() }));

/**
 * What a span and a call take on the disk: spans that are all different, received, audited, and merged as ClickHouse merges a
 * day that is over.
 */
export async function benchDisk(): Promise<readonly Figure[]> {
  await using waybill = await startMeasuredWaybill();
  const { store, tracesUrl, caughtUp } = waybill;
  for (let seed = 1; seed <= REQUESTS / REQUESTS_A_SEED; seed += 1) {
    const bodies = benchRequests(REQUESTS_A_SEED, 1_000 + seed, BigInt(Date.now()) * 1_000_000n).map(toProtobuf);
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let body = bodies.pop(); body !== undefined; body = bodies.pop()) await send(tracesUrl, body);
      }),
    );
  }
  await caughtUp();
  const sizes = async (): Promise<Map<string, z.infer<typeof partsSchema>[number]>> => {
    const rows = await store.rows(`
      SELECT table, sum(rows) AS rows, sum(bytes_on_disk) AS bytes
      FROM system.parts
      WHERE active AND database = currentDatabase()
      GROUP BY table`);
    return new Map(partsSchema.parse(rows).map((one) => [one.table, one]));
  };
  const before = await sizes();
  for (const table of ['spans', 'arrivals', 'span_keys', 'calls', 'audits']) {
    await store.command(`OPTIMIZE TABLE ${table} FINAL`);
  }
  const after = await sizes();
  const spans = after.get('spans')?.rows ?? 0;
  const calls = after.get('calls')?.rows ?? 0;
  const bytesOf = (table: string, of: typeof after): number => of.get(table)?.bytes ?? 0;
  const ofSpans = [...after.keys()].filter((table) => ['arrivals', 'span_keys', 'audits'].includes(table));
  return [
    figure('on the disk: a span, as it came in', 'bytes', [bytesOf('spans', before) / spans]),
    figure('on the disk: a span, merged', 'bytes', [bytesOf('spans', after) / spans]),
    figure('on the disk: what is kept beside a span (arrivals, keys, audits)', 'bytes', [
      ofSpans.reduce((sum, table) => sum + bytesOf(table, after), 0) / spans,
    ]),
    figure('on the disk: a call, merged', 'bytes', [bytesOf('calls', after) / calls]),
    figure('on the disk: spans a call', 'spans', [spans / calls]),
  ];
}

async function send(url: string, body: Buffer): Promise<void> {
  const headers = { 'content-type': 'application/x-protobuf' };
  const answer = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body) });
  if (answer.status !== 200) throw new Error(`The receiver answered ${answer.status}: ${await answer.text()}`);
  await answer.arrayBuffer();
}
