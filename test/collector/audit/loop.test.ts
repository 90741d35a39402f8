import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AuditLoop } from '../../../collector/audit/loop.js';
import { startAuditLoop } from '../../../collector/audit/loop.js';
import { StoreUnavailable } from '../../../collector/store/errors.js';
import type { SpanWriter } from '../../../collector/store/span-writer.js';
import { startSpanWriter } from '../../../collector/store/span-writer.js';
import { readTrace } from '../../../collector/store/spans.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { clean, trace } from '../../support/trace.js';

const QUIET_MS = 5_000;

let test: TestStore;
let writer: SpanWriter;
let loop: AuditLoop;
// Near the present, since the tables forget what is long past by the clock of the server.
let nowUs = Date.now() * 1_000;

const clockUs = () => nowUs;
const silent = pino({ level: 'silent' });

function newLoop(): AuditLoop {
  return startAuditLoop({
    store: test.store,
    contract: contract(),
    clockUs,
    log: silent,
    quietMs: QUIET_MS,
    intervalMs: 0,
  });
}

async function settle(): Promise<void> {
  nowUs += QUIET_MS * 1_000 + 1_000_000;
  await loop.sweep();
}

function calls(): Promise<unknown[]> {
  return test.store.rows(
    'SELECT trace_id, span_id, verdict, toString(cost_usd) AS cost FROM calls FINAL ORDER BY trace_id, span_id',
  );
}

beforeAll(async () => {
  test = await startTestStore();
});

afterAll(async () => {
  await test[Symbol.asyncDispose]();
});

beforeEach(async () => {
  for (const table of ['spans', 'arrivals', 'calls', 'audits', 'cuts'])
    await test.store.command(`TRUNCATE TABLE ${table}`);
  writer = startSpanWriter({ store: test.store, clockUs, maxWaitMs: 10 });
  loop = newLoop();
});

describe('span writer', () => {
  it('puts requests that arrive together into one insert', async () => {
    await Promise.all([1, 2, 3].map((n) => writer.write(trace(n).station('web', clean).call('gpt-4o').spans)));
    expect(await test.store.rows('SELECT uniqExact(received_at) AS inserts, count() AS spans FROM spans')).toEqual([
      { inserts: '1', spans: '6' },
    ]);
  });

  it('reads back what it wrote, to the last field', async () => {
    const { spans } = trace(7)
      .station(
        'wéb',
        { ...clean, user: 'ü' },
        {
          traceState: 'a=b',
          droppedAttributes: 3,
          links: [{ traceId: 'f'.repeat(32), spanId: 'e'.repeat(16), attributes: ['tenant.id', 'x'] }],
        },
      )
      .call(
        'gpt-4o',
        { inputTokens: 2 ** 53 - 1, outputTokens: null, cacheReadTokens: 7 },
        { facts: { reportedCostUsd: '0.123456789012', stream: true } },
      );
    await writer.write(spans);
    const read = await readTrace(test.store, spans[0]?.traceId ?? '');
    expect(read.spans.toSorted((a, b) => (a.spanId < b.spanId ? -1 : 1))).toEqual(spans);
  });
});

describe('audit loop', () => {
  it('audits a trace only once it is quiet', async () => {
    await writer.write(trace().station('web', clean).call('gpt-4o').spans);
    await loop.sweep();
    expect(await calls()).toEqual([]);
    await settle();
    expect(await calls()).toMatchObject([{ verdict: 'enforceable', cost: '0.0035' }]);
  });

  it('audits a trace that is split over two requests as a whole', async () => {
    const [first, ...rest] = trace().station('web', clean).station('agent', clean).call('gpt-4o').spans;
    await writer.write(rest);
    await writer.write(first === undefined ? [] : [first]);
    await settle();
    expect(await calls()).toMatchObject([{ verdict: 'enforceable' }]);
    expect(loop.stats().traces).toBe(1);
  });

  it('counts a span that was sent twice once', async () => {
    const { spans } = trace().station('web', clean).call('gpt-4o');
    await writer.write(spans);
    await writer.write(spans);
    await settle();
    expect(await calls()).toHaveLength(1);
    await writer.write(spans);
    await settle();
    expect(await calls()).toHaveLength(1);
  });

  it('lets a late span replace the earlier audit, and removes calls that are none any more', async () => {
    const agent = trace().station('web', clean).station('agent', clean).call('gpt-4o');
    const before = [...agent.spans];
    await writer.write(before);
    await settle();
    expect(await calls()).toMatchObject([{ span_id: agent.spanId }]);
    nowUs += 3_600_000_000;
    const gateway = agent.station('litellm', { feature: clean.feature, policy: clean.policy }).call('gpt-4o');
    await writer.write(gateway.spans.slice(before.length));
    await settle();
    expect(await calls()).toMatchObject([{ span_id: gateway.spanId, verdict: 'unattributed' }]);
  });

  it('replaces an audit even when the clock has jumped back', async () => {
    const agent = trace().station('web', clean).call('gpt-4o');
    await writer.write([...agent.spans]);
    await settle();
    const before = agent.spans.length;
    const gateway = agent.station('litellm', {}).call('gpt-4o');
    await writer.write(gateway.spans.slice(before));
    await settle();
    nowUs -= 30 * 1_000_000;
    await writer.write(gateway.spans.slice(before));
    nowUs += 31 * 1_000_000;
    await settle();
    expect(await calls()).toMatchObject([{ span_id: gateway.spanId }]);
  });

  it('goes on from its cut after a restart, and audits nothing twice', async () => {
    await writer.write(trace(1).station('web', clean).call('gpt-4o').spans);
    await settle();
    await writer.write(trace(2).station('web', clean).call('gpt-4o').spans);
    await loop.stop();
    loop = newLoop();
    await settle();
    expect(loop.stats().traces).toBe(1);
    expect(await calls()).toHaveLength(2);
  });

  it('finds rows that become visible after their own timestamp', async () => {
    await writer.write(trace(1).station('web', clean).call('gpt-4o').spans);
    await settle();
    const slow = startSpanWriter({ store: test.store, clockUs: () => nowUs - 10_000_000, maxWaitMs: 1 });
    await slow.write(trace(2).station('web', clean).call('gpt-4o').spans);
    await loop.sweep();
    expect(await calls()).toHaveLength(1);
    nowUs += 31_000_000;
    await loop.sweep();
    expect(await calls()).toHaveLength(2);
    expect(loop.stats().traces).toBe(2);
    nowUs += 31_000_000;
    await loop.sweep();
    expect(loop.stats().traces).toBe(2);
  });

  it('waits while ClickHouse is away, and has lost nothing when it is back', async () => {
    await writer.write(trace(1).station('web', clean).call('gpt-4o').spans);
    const pid = test.engine.pid();
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    await expect(writer.write(trace(2).station('web', clean).call('gpt-4o').spans)).rejects.toBeInstanceOf(
      StoreUnavailable,
    );
    await expect(settle()).rejects.toBeInstanceOf(StoreUnavailable);
    await expect
      .poll(
        () =>
          writer.write(trace(2).station('web', clean).call('gpt-4o').spans).then(
            () => 'written',
            () => 'refused',
          ),
        { timeout: 20_000, interval: 100 },
      )
      .toBe('written');
    await sleep(1);
    await settle();
    expect(await calls()).toHaveLength(2);
  });
});
