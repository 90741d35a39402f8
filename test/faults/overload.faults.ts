import { fork } from 'node:child_process';
import { expect, it } from 'vitest';
import { packagePath } from '../../collector/package-path.js';
import type { Flood, FloodTally } from '../bench/flood.js';
import { memoryOf } from '../bench/processes.js';
import { answerOf, endOf } from '../bench/start-load.js';
import type { RunningWaybill } from '../support/waybill.js';
import { startWaybill } from '../support/waybill.js';
import { storeOf } from './ledger.js';

const MIB = 1024 ** 2;
const FLOOD_MS = Number(process.env['FLOOD_MS'] ?? 60_000);
/** Their requests, of 2 MB each, are three times what may be in work together; each takes its time to come whole. */
const SENDERS = 200;
const SPANS = 100;
const MOST_IN_FLIGHT_MIB = 128;
const MAX_NODE_MIB = 500;
/** Longer than this nobody waits for an answer while spans flood in. */
const ANSWER_WITHIN_MS = 5_000;

it('a flood of far more than can be taken is refused beyond what is, in bounded memory, and all else goes on', async () => {
  await using running = await startWaybill();
  await using store = await storeOf(running);
  const watch = watchWhile(running);
  const startedMs = performance.now();
  const tally = await sendFlood({
    url: `${running.otlpUrl}/v1/traces`,
    senders: SENDERS,
    ms: FLOOD_MS,
    spans: SPANS,
    contentBytes: 20_000,
    holdMs: 10_000,
    pauseMs: 50,
  });
  const seconds = (performance.now() - startedMs) / 1_000;
  const seen = await watch.stop();
  const acceptedBytes = tally.acknowledged.length * tally.requestBytes;
  console.log(
    `${SENDERS} senders for ${seconds.toFixed(0)} s offered ${(tally.offeredBytes / 1e6).toFixed(0)} MB, ` +
      `${(tally.offeredBytes / acceptedBytes).toFixed(1)} times what was taken: ${JSON.stringify(tally.answers)}; ` +
      `at most ${seen.bytesInFlight} bytes in flight, Node ${seen.memoryMiB.toFixed(0)} MiB, ` +
      `${seen.asked} questions, slowest answer ${seen.slowest} ${seen.slowestMs.toFixed(0)} ms, ${seen.audits} traces audited meanwhile`,
  );
  expect(Object.keys(tally.answers).filter((status) => !['200', '429', '503'].includes(status))).toEqual([]);
  expect(tally.answers[429] ?? 0).toBeGreaterThan(SENDERS / 2);
  expect(tally.rude).toBe(0);
  expect(tally.acknowledged.length).toBeGreaterThan(0);
  expect(seen.bytesInFlight).toBeGreaterThan((MOST_IN_FLIGHT_MIB / 2) * MIB);
  expect(seen.bytesInFlight).toBeLessThanOrEqual(MOST_IN_FLIGHT_MIB * MIB);
  expect(seen.memoryMiB).toBeLessThan(MAX_NODE_MIB);
  expect(seen.failures).toEqual([]);
  expect(seen.slowestMs).toBeLessThan(ANSWER_WITHIN_MS);
  expect(seen.audits).toBeGreaterThan(0);
  const whole = await store.rows(
    `SELECT count() AS requests FROM
     (SELECT substring(span_id, 1, 8) AS request FROM spans FINAL GROUP BY request HAVING uniqExact(trace_id, span_id) = {spans: UInt32})
     WHERE request IN {requests: Array(String)}`,
    { spans: SPANS, requests: tally.acknowledged.map((request) => request.toString(16).padStart(8, '0')) },
  );
  expect(whole).toEqual([{ requests: String(tally.acknowledged.length) }]);
});

/** From a process of its own: else the flood would keep those waiting who ask questions here. */
async function sendFlood(flood: Flood): Promise<FloodTally> {
  const child = fork(packagePath('dist/test/bench/flood.js'));
  try {
    return await answerOf<FloodTally>(child, flood);
  } finally {
    await endOf(child);
  }
}

/** Asks now and then, as people and probes would, and notes the slowest answer. */
function watchWhile({ apiUrl, child }: RunningWaybill) {
  const seen = {
    slowestMs: 0,
    slowest: '',
    asked: 0,
    memoryMiB: 0,
    bytesInFlight: 0,
    audits: 0,
    failures: [] as string[],
  };
  const over = new AbortController();
  const watching = (async () => {
    while (!over.signal.aborted) {
      for (const path of ['/readyz', '/metrics', '/v1/score?tenant=acme']) {
        const startedMs = performance.now();
        const answer = await fetch(`${apiUrl}${path}`);
        const body = await answer.text();
        seen.asked += 1;
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
