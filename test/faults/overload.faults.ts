import { expect, it } from 'vitest';
import { memoryOf } from '../bench/processes.js';
import { callSpan, text } from '../collector/otlp/request.js';
import type { RunningWaybill } from '../support/waybill.js';
import { startWaybill } from '../support/waybill.js';
import { floodOf, sendFlood } from './flood.js';
import { storeOf } from './ledger.js';

const FLOOD_MS = Number(process.env['FLOOD_MS'] ?? 60_000);
/** Spans of a request, most of which is content that is passed over: one of 4 MB. */
const SPANS = 1_000;
/** Their requests are three times what may be in work together. */
const SENDERS = 100;
const MAX_NODE_MIB = 500;
/** Longer than this nobody waits for an answer while spans flood in. */
const ANSWER_WITHIN_MS = 5_000;

it('a flood of far more than can be taken is refused beyond what is, in bounded memory, and all else goes on', async () => {
  await using running = await startWaybill();
  await using store = await storeOf(running);
  const startNs = String(BigInt(Date.now()) * 1_000_000n);
  const attributes = [text('tenant.id', 'acme'), text('gen_ai.input.messages', 'words '.repeat(650))];
  const span = { ...callSpan(attributes), startTimeUnixNano: startNs, endTimeUnixNano: startNs };
  const bodyOf = floodOf(span, SPANS, null);
  const startedMs = performance.now();
  const watch = watchWhile(running);
  const tally = await sendFlood(`${running.otlpUrl}/v1/traces`, bodyOf, {
    senders: SENDERS,
    pauseMs: 50,
    isOver: () => performance.now() - startedMs > FLOOD_MS,
  });
  const seconds = (performance.now() - startedMs) / 1_000;
  const seen = await watch.stop();
  const acceptedBytes = tally.acknowledged.size * bodyOf(0).length;
  console.log(
    `${SENDERS} senders for ${seconds.toFixed(0)} s offered ${(tally.offeredBytes / 1e6).toFixed(0)} MB, ` +
      `${(tally.offeredBytes / acceptedBytes).toFixed(1)} times what was taken: ${JSON.stringify(Object.fromEntries(tally.answers))}; ` +
      `at most ${seen.bytesInFlight} bytes in flight, Node ${seen.memoryMiB.toFixed(0)} MiB, ` +
      `slowest answer ${seen.slowest} ${seen.slowestMs.toFixed(0)} ms, ${seen.audits} traces audited meanwhile`,
  );
  expect([...tally.answers.keys()].filter((status) => ![200, 429, 503].includes(status))).toEqual([]);
  expect(tally.answers.get(429) ?? 0).toBeGreaterThan(SENDERS / 2);
  expect(tally.rude).toBe(0);
  expect(tally.offeredBytes).toBeGreaterThan(acceptedBytes);
  expect(seen.bytesInFlight).toBeLessThan(270 * 1024 ** 2);
  expect(seen.memoryMiB).toBeLessThan(MAX_NODE_MIB);
  expect(seen.failures).toEqual([]);
  expect(seen.slowestMs).toBeLessThan(ANSWER_WITHIN_MS);
  expect(seen.audits).toBeGreaterThan(0);
  const whole = await store.rows(
    `SELECT count() AS requests FROM
     (SELECT substring(span_id, 1, 8) AS request FROM spans FINAL GROUP BY request HAVING uniqExact(trace_id, span_id) = {spans: UInt32})
     WHERE request IN {requests: Array(String)}`,
    { spans: SPANS, requests: [...tally.acknowledged].map((request) => request.toString(16).padStart(8, '0')) },
  );
  expect(whole).toEqual([{ requests: String(tally.acknowledged.size) }]);
});

/** Asks now and then, as people and probes would, and notes the slowest answer. */
function watchWhile({ apiUrl, child }: RunningWaybill) {
  const seen = { slowestMs: 0, slowest: '', memoryMiB: 0, bytesInFlight: 0, audits: 0, failures: [] as string[] };
  const over = new AbortController();
  const watching = (async () => {
    while (!over.signal.aborted) {
      for (const path of ['/readyz', '/metrics', '/v1/score?tenant=acme']) {
        const startedMs = performance.now();
        const answer = await fetch(`${apiUrl}${path}`);
        const body = await answer.text();
        const tookMs = performance.now() - startedMs;
        if (tookMs > seen.slowestMs) Object.assign(seen, { slowestMs: tookMs, slowest: path });
        if (answer.status !== 200) seen.failures.push(`${path}: ${answer.status} ${body}`);
        if (path === '/metrics') {
          seen.bytesInFlight = Math.max(seen.bytesInFlight, metric(body, 'waybill_request_bytes_in_flight'));
          seen.audits = metric(body, 'waybill_traces_audited_total');
        }
      }
      seen.memoryMiB = Math.max(seen.memoryMiB, memoryOf(child.pid ?? Number.NaN, 'now'));
      await new Promise((done) => setTimeout(done, 200));
    }
  })();
  return {
    stop: async () => {
      over.abort();
      await watching;
      return seen;
    },
  };
}

function metric(text: string, name: string): number {
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
}
