import { expect, it } from 'vitest';
import * as z from 'zod';
import { MAX_SPANS_PER_TRACE } from '../../collector/store/spans.js';
import { startMeasuredWaybill } from '../bench/measured-waybill.js';
import { memoryOf } from '../bench/processes.js';
import { callSpan, requestOf, text, toProtobuf } from '../collector/otlp/request.js';

const SPANS_A_REQUEST = 10_000;
const MOST_NODE_MIB = 500;
/** What the embedded ClickHouse may take, and its code. */
const MOST_CLICKHOUSE_MIB = 2_500;
const TRACE_ID = 'a'.repeat(32);
const MARK = 'e'.repeat(16);
const CASES = [
  {
    spans: 1_000_000,
    whose: 'which say whose they are',
    attributes: [text('tenant.id', 'acme'), text('feature.id', 'chat'), text('budget.policy.id', 'pro')],
  },
  // Each of its calls has findings, which take more room than all else.
  { spans: 200_000, whose: 'which nearly say whose they are', attributes: [text('tenantId', 'acme')] },
];

const keptSchema = z.tuple([
  z.object({ stored: z.coerce.number(), calls: z.coerce.number(), audits: z.coerce.number() }),
]);

it.each(CASES)(
  'of a trace of $spans spans $whose all are kept, a bounded part is audited, and that is said',
  async ({ spans, attributes }) => {
    // Audited once, when all of it is there.
    await using waybill = await startMeasuredWaybill(20);
    const { running, store } = waybill;
    const marked = Array.from({ length: SPANS_A_REQUEST }, () => ({ ...callNow(), traceId: TRACE_ID, spanId: MARK }));
    const template = toProtobuf(requestOf(marked));
    const places = placesOf(template, Buffer.from(MARK, 'hex'));
    for (let from = 1; from <= spans; from += SPANS_A_REQUEST) await sendFrom(from);
    await sendOther();
    await waybill.caughtUp();

    const [kept] = keptSchema.parse(
      await store.rows(
        `SELECT
          (SELECT count() FROM spans FINAL WHERE trace_id = {traceId: String}) AS stored,
          (SELECT count() FROM calls FINAL WHERE trace_id = {traceId: String}) AS calls,
          (SELECT sum(spans) FROM audits FINAL WHERE trace_id = {traceId: String}) AS audits`,
        { traceId: TRACE_ID },
      ),
    );
    const nodeMiB = memoryOf(waybill.nodePid, 'peak');
    const clickHouseMiB = memoryOf(waybill.clickHousePid, 'peak');
    console.log(`${JSON.stringify(kept)}, Node ${nodeMiB.toFixed(0)} MiB, ClickHouse ${clickHouseMiB.toFixed(0)} MiB`);
    expect(kept).toEqual({ stored: spans, calls: MAX_SPANS_PER_TRACE, audits: MAX_SPANS_PER_TRACE });
    expect(running.output()).toContain('A trace has more spans than are audited');
    expect(await (await fetch(`${running.apiUrl}/metrics`)).text()).toMatch(/^waybill_traces_cut_total [1-9]/m);
    expect(nodeMiB).toBeLessThan(MOST_NODE_MIB);
    expect(clickHouseMiB).toBeLessThan(MOST_CLICKHOUSE_MIB);
    expect(await store.rows("SELECT 1 FROM calls FINAL WHERE tenant = 'globex'")).toHaveLength(1);

    /** Only the ids differ: to encode each request anew would take longer than to receive it. */
    async function sendFrom(first: number): Promise<void> {
      const body = Buffer.from(template);
      for (const [i, at] of places.entries()) body.writeUInt32BE(first + i, at);
      await send(body);
    }

    async function sendOther(): Promise<void> {
      await send(
        toProtobuf(requestOf([{ ...callNow(), attributes: callSpan([text('tenant.id', 'globex')]).attributes ?? [] }])),
      );
    }

    function callNow() {
      const nowNs = String(BigInt(Date.now()) * 1_000_000n);
      return { ...callSpan(attributes), startTimeUnixNano: nowNs, endTimeUnixNano: nowNs };
    }

    async function send(body: Buffer): Promise<void> {
      const headers = { 'content-type': 'application/x-protobuf' };
      const answer = await fetch(waybill.tracesUrl, { method: 'POST', headers, body: new Uint8Array(body) });
      expect(answer.status).toBe(200);
    }
  },
);

function placesOf(bytes: Buffer, wanted: Buffer): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(wanted); at !== -1; at = bytes.indexOf(wanted, at + wanted.length)) places.push(at);
  return places;
}
