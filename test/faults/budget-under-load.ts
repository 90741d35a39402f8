import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatUsd, parseUsd } from '../../auditor/cost/usd.js';
import type { Decision } from '../../schemas/decision.js';
import { decisionSchema } from '../../schemas/decision.js';
import { otlpJson } from '../support/otlp-json.js';
import { seededRandom } from '../support/random.js';
import { clean, trace } from '../support/trace.js';
import type { RunningWaybill } from '../support/waybill.js';
import { startWaybillAt, waybillPlace } from '../support/waybill.js';
import { killWithDatabase } from './kill.js';

/** A budget of ten dollars, and a gate that a handful of calls opens. */
const CONTRACT = `
services: { web: { role: entry }, gateway: { role: gateway, enforces: true } }
policies: [{ id: pro-monthly, limit: { usd: 10, per: month }, alerts: [0.8] }]
gate: { window: 1d, days: 1, calls: 10, enforceableSpend: 0.5, enforceableCalls: 0.5, misattributedCalls: 0.9 }
rollout: { every: 1s }
`;

/** Estimates are up to two cents. */
export const LARGEST_PICO = 20_000_000_000n;
/** What calls that were made before have cost, less than this. */
const SPENT_BEFORE_PICO = 100_000_000_000n;

/** What came of it; amounts in 1e-12 dollars. */
export interface BudgetAftermath {
  /** What callers were told to go on with. */
  readonly givenPico: bigint;
  /** Estimates of requests that a kill cut off: nobody was told whether they were reserved. */
  readonly cutPico: bigint;
  /** Why they were cut off, each reason once. */
  readonly cuts: readonly string[];
  readonly answers: Readonly<Record<Decision['decision'], number>>;
  /** Answers to go on that were not in ClickHouse. */
  readonly notDurable: number;
  readonly kills: number;
  /** What was left when the last caller was refused. */
  readonly leftPico: bigint;
  /** How long answers to go on took. */
  readonly medianMs: number;
  readonly p99Ms: number;
}

interface Progress {
  givenPico: bigint;
  cutPico: bigint;
  leftPico: bigint;
  notDurable: number;
  readonly cuts: Set<string>;
  readonly answers: Record<Decision['decision'], number>;
  readonly tookMs: number[];
}

/**
 * Has callers ask for money all at once, each until it was refused several times, and kills Waybill with SIGKILL
 * whenever another part of the budget was given away.
 */
export async function hammerBudget(options: {
  readonly callers: number;
  readonly kills: number;
  readonly seed: number;
  /** A caller stops when it was refused so often in a row. */
  readonly refusals: number;
}): Promise<BudgetAftermath> {
  const { callers, kills, seed, refusals } = options;
  const place = await waybillPlace();
  await writeFile(join(place.dataDir, 'waybill.yaml'), CONTRACT);
  let running = await startWaybillAt(place);
  try {
    await openGate(running);
    const progress: Progress = {
      givenPico: 0n,
      cutPico: 0n,
      leftPico: -1n,
      notDurable: 0,
      cuts: new Set(),
      answers: { allow: 0, warn: 0, deny: 0 },
      tookMs: [],
    };
    const random = seededRandom(seed);
    const ended = Promise.all(Array.from({ length: callers }, () => askOn(running.apiUrl, random, refusals, progress)));
    for (let i = 1; i <= kills; i += 1) {
      const upTo = (BigInt(i) * 10_000_000_000_000n) / BigInt(kills + 2);
      while (progress.givenPico + progress.cutPico < upTo) await sleep(2);
      await killWithDatabase(running);
      running = await startWaybillAt(place);
    }
    await ended;
    const { tookMs, cuts, ...rest } = progress;
    const sorted = tookMs.toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor(share * sorted.length)] ?? Number.NaN;
    return { ...rest, cuts: [...cuts], kills, medianMs: at(0.5), p99Ms: at(0.99) };
  } finally {
    await running[Symbol.asyncDispose]();
    await rm(place.dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** One caller. Where Waybill is away it asks again: here nobody fails open. */
async function askOn(apiUrl: string, random: () => number, most: number, progress: Progress): Promise<void> {
  for (let refusals = 0; refusals < most;) {
    const pico = 1_000_000_000n + BigInt(Math.floor(random() * 19_000_000)) * 1_000n;
    const startedMs = performance.now();
    const decision = await decide(apiUrl, formatUsd(pico));
    if (typeof decision === 'string') {
      if (decision !== 'ECONNREFUSED') {
        progress.cutPico += pico;
        progress.cuts.add(decision);
      }
      await sleep(100);
      continue;
    }
    progress.answers[decision.decision] += 1;
    if (decision.decision === 'deny') {
      refusals += 1;
      progress.leftPico = parseUsd(decision.remainingUsd ?? '') ?? -1n;
      continue;
    }
    refusals = 0;
    progress.givenPico += pico;
    progress.notDurable += decision.durable ? 0 : 1;
    progress.tookMs.push(performance.now() - startedMs);
  }
}

/** Where no whole answer came, why; `ECONNREFUSED`: nobody listens, and the request was never sent. */
async function decide(apiUrl: string, estimatedCostUsd: string): Promise<Decision | string> {
  let text;
  try {
    const response = await fetch(`${apiUrl}/v1/decisions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...clean, estimatedCostUsd }),
    });
    text = await response.text();
  } catch (error) {
    return reasonOf(error);
  }
  return decisionSchema.parse(JSON.parse(text));
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (!(cause instanceof Error)) return String(cause);
  return 'code' in cause && cause.code === 'ECONNREFUSED' ? cause.code : String(cause);
}

/** Sends a handful of cheap calls, asks for enforcement, and waits until it holds. */
async function openGate({ apiUrl, otlpUrl }: RunningWaybill): Promise<void> {
  const nowUs = Date.now() * 1_000;
  for (let i = 1; i <= 40; i += 1) {
    const span = { startUs: nowUs - 2_000_000, endUs: nowUs - 1_000_000 };
    const { spans } = trace(i)
      .station('web', clean, span)
      .station('gateway', clean, span)
      .call('gpt-4o', { inputTokens: 10, outputTokens: 1 }, { span });
    await send(`${otlpUrl}/v1/traces`, 'POST', otlpJson(spans));
  }
  await send(`${apiUrl}/v1/rollouts`, 'PUT', { mode: 'enforce', why: 'to be hammered' });
  for (let i = 0; i < 1_200; i += 1) {
    // Nothing holds yet that would keep it back, so it asks for next to nothing.
    const asked = await decide(apiUrl, '0.000000000001');
    if (typeof asked !== 'string' && asked.mode === 'enforce') return;
    await sleep(50);
  }
  throw new Error('The gate was not ready within a minute.');
}

async function send(url: string, method: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method, headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  await response.arrayBuffer();
}

/** Whether the limit was kept, and used up but for what nobody was told of. */
export function isKept({ givenPico, cutPico, leftPico }: BudgetAftermath): { isKept: boolean; isUsedUp: boolean } {
  const limitPico = 10_000_000_000_000n;
  return {
    isKept: givenPico <= limitPico + LARGEST_PICO,
    isUsedUp: leftPico >= 0n && leftPico <= LARGEST_PICO && givenPico + cutPico + SPENT_BEFORE_PICO > limitPico,
  };
}
