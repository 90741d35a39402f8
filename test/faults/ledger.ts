import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import * as z from 'zod';
import type { Store } from '../../collector/store/client.js';
import { connectStore } from '../../collector/store/client.js';
import type { JsonSpan, KeyValue } from '../collector/otlp/request.js';
import type { RunningWaybill } from '../support/waybill.js';
import { callSpan, int, requestOf, text, toProtobuf } from '../collector/otlp/request.js';

const SPANS_A_TRACE = 3;
/** Of gpt-4o, in US dollars of which twelve digits stand after the point: 2.50 and 10 a million. */
const PICO_USD = { inputToken: 2_500_000n, outputToken: 10_000_000n };

/** What a sender knows of its own traces, each of which is one call. */
export interface Ledger {
  /** Traces of which every request was acknowledged, and what their calls cost, in 10^-12 US dollars. */
  readonly acknowledged: Map<string, bigint>;
  begun: number;
  /** Answers that said to come again later. */
  refused: number;
  /** The longest that one of them took. */
  slowestRefusalMs: number;
  /** Requests that were never answered: they may or may not have been stored. */
  cut: number;
}

/** Senders that never stop, and send each request again until it is acknowledged. */
export interface LedgerLoad {
  readonly ledger: Ledger;
  /** Lets each sender come to the end of its trace. */
  readonly stop: () => Promise<void>;
  /** Ends them wherever they are, where there is nobody left to send to; may be called after all. */
  readonly abandon: () => void;
}

/**
 * Starts senders of traces of three spans, each trace in two requests and with a cost of its own.
 *
 * @param pauseMs between the traces of one sender
 */
export function startLedgerLoad(tracesUrl: string, senders = 4, pauseMs = 0): LedgerLoad {
  const ledger: Ledger = { acknowledged: new Map(), begun: 0, refused: 0, slowestRefusalMs: 0, cut: 0 };
  const over = new AbortController();
  const abandoned = new AbortController();
  const sender = async (): Promise<void> => {
    while (!over.signal.aborted) {
      ledger.begun += 1;
      const { traceId, costPico, bodies } = traceOf(ledger.begun);
      for (const body of bodies) {
        while (!(await isTaken(tracesUrl, body, ledger))) {
          if (abandoned.signal.aborted) return;
          await sleep(20);
        }
      }
      ledger.acknowledged.set(traceId, costPico);
      await sleep(pauseMs);
    }
  };
  const sending = Promise.all(Array.from({ length: senders }, sender));
  return {
    ledger,
    stop: async () => {
      over.abort();
      await sending;
    },
    abandon: () => {
      over.abort();
      abandoned.abort();
    },
  };
}

/** Waits until so many traces more are acknowledged. */
export async function acknowledges({ ledger: { acknowledged } }: LedgerLoad, traces: number): Promise<void> {
  const before = acknowledged.size;
  await expect.poll(() => acknowledged.size, { timeout: 60_000 }).toBeGreaterThan(before + traces);
}

function traceOf(number: number): { traceId: string; costPico: bigint; bodies: readonly Buffer[] } {
  const [inputTokens, outputTokens] = [1 + (number % 9_973), 1 + (number % 997)];
  const common = [text('tenant.id', 'acme'), text('feature.id', 'chat'), text('budget.policy.id', 'pro')];
  const usage = { 'gen_ai.usage.input_tokens': inputTokens, 'gen_ai.usage.output_tokens': outputTokens };
  const startNs = BigInt(Date.now()) * 1_000_000n;
  const traceId = number.toString(16).padStart(32, '0');
  const span = (spanId: number, change: Partial<JsonSpan>): JsonSpan => ({
    traceId,
    spanId: spanId.toString(16).padStart(16, '0'),
    parentSpanId: spanId === 1 ? '' : (spanId - 1).toString(16).padStart(16, '0'),
    name: 'work',
    kind: 2,
    startTimeUnixNano: String(startNs),
    endTimeUnixNano: String(startNs + 1_000_000n),
    attributes: common,
    ...change,
  });
  const call = callSpan(common);
  const attributes: KeyValue[] = (call.attributes ?? []).filter(({ key }) => !(key in usage));
  for (const [key, tokens] of Object.entries(usage)) attributes.push(int(key, tokens));
  const { name = '', kind = 3 } = call;
  return {
    traceId,
    costPico: BigInt(inputTokens) * PICO_USD.inputToken + BigInt(outputTokens) * PICO_USD.outputToken,
    bodies: [
      toProtobuf(requestOf([span(1, {})], 'web')),
      toProtobuf(requestOf([span(2, {}), span(3, { name, kind, attributes })], 'agent')),
    ],
  };
}

async function isTaken(url: string, body: Buffer, ledger: Ledger): Promise<boolean> {
  const headers = { 'content-type': 'application/x-protobuf' };
  const startedMs = performance.now();
  const answer = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body) }).catch(() => null);
  await answer?.arrayBuffer().catch(() => undefined);
  if (answer === null) ledger.cut += 1;
  else if (answer.status === 503 || answer.status === 429) {
    ledger.refused += 1;
    ledger.slowestRefusalMs = Math.max(ledger.slowestRefusalMs, performance.now() - startedMs);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  } else expect(answer.status).toBe(200);
  return answer?.status === 200;
}

const keptSchema = z.tuple([
  z.object({
    spans: z.coerce.number(),
    written: z.coerce.number(),
    calls: z.coerce.number(),
    costPico: z.string().transform(BigInt),
    whole: z.array(z.string()),
    audited: z.array(z.string()),
    called: z.array(z.string()),
  }),
]);

/** What ClickHouse has of the ledger's traces. */
async function kept(store: Store): Promise<z.infer<typeof keptSchema>[0]> {
  const [found] = keptSchema.parse(
    await store.rows(`
      SELECT
          (SELECT count() FROM spans FINAL) AS spans,
          (SELECT count() FROM spans) AS written,
          (SELECT count() FROM calls FINAL) AS calls,
          (SELECT toString(toInt128(ifNull(sum(toDecimal128(cost_usd, 12)), 0) * 1000000000000)) FROM calls FINAL) AS costPico,
          (SELECT groupArray(trace_id) FROM (SELECT trace_id FROM spans FINAL GROUP BY trace_id HAVING uniqExact(span_id) = ${SPANS_A_TRACE})) AS whole,
          (SELECT groupArray(trace_id) FROM audits FINAL WHERE spans = ${SPANS_A_TRACE} AND calls = 1) AS audited,
          (SELECT groupArray(trace_id) FROM (SELECT trace_id FROM calls FINAL GROUP BY trace_id HAVING count() = 1)) AS called`),
  );
  return found;
}

/** The store of a Waybill, as itself sees it. */
export async function storeOf({ clickHouseUrl, dataDir }: RunningWaybill): Promise<Store> {
  const password = (await readFile(join(dataDir, 'waybill.password'), 'utf8')).trim();
  return connectStore({ url: clickHouseUrl, username: 'waybill', password, database: 'waybill' });
}

/** What became of what was acknowledged. */
export interface Balance {
  readonly spans: number;
  /** Rows that a sender's retry wrote again, and no merge has joined yet. */
  readonly rowsAgain: number;
  readonly lost: readonly string[];
  readonly unaudited: readonly string[];
  readonly miscounted: readonly string[];
  /** Spans, calls and cost that are there, less those of the ledger. */
  readonly over: { readonly spans: number; readonly calls: number; readonly costPico: bigint };
}

/** Waits until every trace of the ledger is audited, then compares. */
export async function settleLedger(store: Store, { acknowledged }: Ledger, patienceMs = 60_000): Promise<Balance> {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    const found = await kept(store);
    const lacking = (traceIds: readonly string[]): string[] => {
      const there = new Set(traceIds);
      return [...acknowledged.keys()].filter((traceId) => !there.has(traceId));
    };
    const unaudited = lacking(found.audited);
    if (unaudited.length > 0 && performance.now() < deadlineMs) {
      await sleep(250);
      continue;
    }
    const costPico = [...acknowledged.values()].reduce((sum, cost) => sum + cost, 0n);
    return {
      spans: found.spans,
      rowsAgain: found.written - found.spans,
      lost: lacking(found.whole),
      unaudited,
      miscounted: lacking(found.called),
      over: {
        spans: found.spans - SPANS_A_TRACE * acknowledged.size,
        calls: found.calls - acknowledged.size,
        costPico: found.costPico - costPico,
      },
    };
  }
}

/** What a ledger finds where nothing was lost and nothing counted twice. */
export const EXACT = { lost: [], unaudited: [], miscounted: [], over: { spans: 0, calls: 0, costPico: 0n } };
