import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { auditTrace } from '../../../auditor/audit.js';
import type { AuditLoop, AuditLoopOptions } from '../../../collector/audit/loop.js';
import { startAuditLoop } from '../../../collector/audit/loop.js';
import type { Store } from '../../../collector/store/client.js';
import { StoreUnavailable } from '../../../collector/store/errors.js';
import { auditedCalls, forgetAudits } from '../../support/audited-calls.js';
import type { TestSpanWriter } from '../../support/span-rows.js';
import { startTestWriter } from '../../support/span-rows.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { clean, trace } from '../../support/trace.js';

const QUIET_MS = 5_000;

let test: TestStore;
let writer: TestSpanWriter;
let loop: AuditLoop;
// Near the present, since the tables forget what is long past by the clock of the server.
let nowUs = Date.now() * 1_000;

const clockUs = () => nowUs;
const silent = pino({ level: 'silent' });

function newLoop(change: Partial<AuditLoopOptions> = {}): AuditLoop {
  return startAuditLoop({
    store: test.store,
    contract: contract(),
    clockUs,
    log: silent,
    quietMs: QUIET_MS,
    intervalMs: 0,
    ...change,
  });
}

async function settle(): Promise<void> {
  nowUs += QUIET_MS * 1_000 + 1_000_000;
  await loop.sweep();
}

const calls = (): Promise<unknown[]> => auditedCalls(test.store);

beforeAll(async () => {
  test = await startTestStore();
});

afterAll(async () => {
  await test[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await forgetAudits(test.store);
  writer = startTestWriter({ store: test.store, clockUs, minGapMs: 10 });
  loop = newLoop();
});

describe('audit loop', () => {
  it('audits a trace only once it is quiet', async () => {
    await writer.write(trace().station('web', clean).call('gpt-4o').spans);
    await loop.sweep();
    expect(await calls()).toEqual([]);
    await settle();
    expect(await calls()).toMatchObject([{ verdict: 'enforceable', cost: '0.0035' }]);
  });

  it('may be stopped as it begins to read, though ClickHouse ends before it has answered', async () => {
    const away = (): Promise<never> => Promise.reject(new StoreUnavailable('ClickHouse has ended.'));
    const stopped = newLoop({ store: { ...test.store, selectRowBinary: away } });
    await writer.write(trace().station('web', clean).call('gpt-4o').spans);
    nowUs += QUIET_MS * 1_000 + 1_000_000;
    // An unhandled rejection would fail the run.
    await Promise.all([stopped.sweep(), stopped.stop()]);
    expect(stopped.stats().traces).toBe(0);
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
    const slow = startTestWriter({ store: test.store, clockUs: () => nowUs - 10_000_000, minGapMs: 1 });
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

  it('works through a backlog in steps, and audits everything in it once', async () => {
    for (let n = 1; n <= 7; n += 1) await writer.write(trace(n).station('web', clean).call('gpt-4o').spans);
    const late = trace(8).station('web', clean);
    await writer.write([...late.spans]);
    for (let n = 9; n <= 12; n += 1) await writer.write(trace(n).station('web', clean).call('gpt-4o').spans);
    await writer.write(late.call('gpt-4o').spans.slice(1));
    loop = newLoop({ stepArrivals: 2 });
    await settle();
    expect(await calls()).toHaveLength(12);
    expect(loop.stats()).toMatchObject({ sweeps: 1, traces: 12, calls: 12, failedTraces: 0 });
  });

  it('goes on after a crash where it had come to in a backlog', async () => {
    for (let n = 1; n <= 6; n += 1) await writer.write(trace(n).station('web', clean).call('gpt-4o').spans);
    let inserts = 0;
    const store: Store = {
      ...test.store,
      insertRowBinary: async (table, ...insert) => {
        if (table === 'audits' && (inserts += 1) === 2) throw new StoreUnavailable('gone between calls and audits');
        await test.store.insertRowBinary(table, ...insert);
      },
    };
    nowUs += QUIET_MS * 1_000 + 1_000_000;
    const crashing = newLoop({ store, stepArrivals: 2 });
    await expect(crashing.sweep()).rejects.toBeInstanceOf(StoreUnavailable);
    expect(crashing.stats().traces).toBe(3);
    expect(await calls()).toHaveLength(6);
    await loop.sweep();
    expect(loop.stats().traces).toBe(3);
    expect(await calls()).toHaveLength(6);
    expect(await test.store.rows('SELECT toUInt32(count()) AS audits FROM audits FINAL')).toEqual([{ audits: 6 }]);
  });

  it('audits the others where one trace makes the audit throw', async () => {
    const bad = trace(2).station('web', clean).call('gpt-4o').spans;
    for (const n of [1, 2, 3]) await writer.write(trace(n).station('web', clean).call('gpt-4o').spans);
    loop = newLoop({
      audit: (spans, ...rest) => {
        if (spans[0]?.traceId === bad[0]?.traceId) throw new Error('a rule went wrong');
        return auditTrace(spans, ...rest);
      },
    });
    await settle();
    expect(await calls()).toHaveLength(2);
    expect(loop.stats()).toMatchObject({ traces: 2, failedTraces: 1 });
  });

  it('audits the others where one trace cannot be read or written', async () => {
    const healthy = [1, 2, 4, 5].map((n) => trace(n).station('web', clean).call('gpt-4o').spans);
    const unreadable = trace(3).station('web', clean).spans;
    const unwritable = trace(6).station('web', clean).call('gpt-4o').spans;
    await Promise.all([...healthy, unreadable, unwritable].map((spans) => writer.write(spans)));
    // Somebody else's rows: more tokens than any number of ours can hold.
    await test.store.command(
      `INSERT INTO spans SELECT * REPLACE (toUInt64(9223372036854775808) AS cache_read_tokens, 'ff00000000000000' AS span_id)
       FROM spans WHERE trace_id = {id: String}`,
      { id: unreadable[0]?.traceId ?? '' },
    );
    loop = newLoop({
      audit: (...all) => {
        const audit = auditTrace(...all);
        if (audit.traceId !== unwritable[0]?.traceId) return audit;
        return { ...audit, calls: audit.calls.map((call) => ({ ...call, inputTokens: -1 })) };
      },
    });
    await settle();
    expect(await calls()).toHaveLength(4);
    expect(loop.stats()).toMatchObject({ traces: 4, failedTraces: 2 });
  });

  it('does not pass over traces where nothing at all can be written', async () => {
    const many = Array.from(
      { length: 30 },
      (_, i) =>
        trace(i + 1)
          .station('web', clean)
          .call('gpt-4o').spans,
    );
    await writer.write(many.flat());
    await test.store.command('RENAME TABLE calls TO hidden');
    await expect(settle()).rejects.toMatchObject({ name: 'QueryRefused' });
    await test.store.command('RENAME TABLE hidden TO calls');
    expect(loop.stats()).toMatchObject({ cutUs: 0, traces: 0 });
    expect(loop.stats().failedTraces).toBeLessThan(30);
    await loop.sweep();
    expect(await calls()).toHaveLength(30);
  });

  it('audits a part of a trace that has too many spans, and says so', async () => {
    const lines: unknown[] = [];
    loop = newLoop({
      maxSpansPerTrace: 3,
      log: pino({ level: 'warn' }, { write: (line) => lines.push(JSON.parse(line)) }),
    });
    const web = trace(1).station('web', clean);
    for (let i = 0; i < 5; i += 1) web.call('gpt-4o');
    await writer.write([...web.spans]);
    await settle();
    expect(await calls()).toHaveLength(2);
    expect(loop.stats()).toMatchObject({ traces: 1, cutTraces: 1 });
    expect(lines).toMatchObject([{ traceId: web.spans[0]?.traceId, spans: 3 }]);
  });

  it('keeps the calls of days ago when a late span comes', async () => {
    const day = 86_400_000_000;
    const startUs = nowUs - 3 * day;
    const web = trace(1).station('web', clean, { startUs });
    await writer.write([...web.call('gpt-4o', undefined, { span: { startUs } }).spans]);
    await settle();
    const before = web.spans.length;
    const late = { span: { startUs: nowUs } };
    await writer.write(web.call('gpt-4o', undefined, late).spans.slice(before));
    await settle();
    expect(await calls()).toHaveLength(2);
  });

  it('divides traces among loops, each audited by exactly one', async () => {
    for (let n = 1; n <= 20; n += 1) await writer.write(trace(n).station('web', clean).call('gpt-4o').spans);
    nowUs += QUIET_MS * 1_000 + 1_000_000;
    const loops = [0, 1].map((index) => newLoop({ share: { index, of: 2 } }));
    for (const one of loops) await one.sweep();
    const done = loops.map((one) => one.stats().traces);
    expect(done.every((traces) => traces > 0)).toBe(true);
    expect(done.reduce((a, b) => a + b, 0)).toBe(20);
    expect(await calls()).toHaveLength(20);
  });

  it('looks for settled traces by itself until it is stopped', async () => {
    await writer.write(trace(1).station('web', clean).call('gpt-4o').spans);
    nowUs += QUIET_MS * 1_000 + 1_000_000;
    const own = newLoop({ intervalMs: 20 });
    await expect.poll(calls).toHaveLength(1);
    await Promise.all([own.stop(), own.stop()]);
    const { sweeps } = own.stats();
    await sleep(100);
    expect(own.stats().sweeps).toBe(sweeps);
  });

  it('says once that ClickHouse is away, and once that it is back', async () => {
    const lines: unknown[] = [];
    let isAway = true;
    const store: Store = {
      ...test.store,
      rows: (...query) => (isAway ? Promise.reject(new StoreUnavailable('away')) : test.store.rows(...query)),
    };
    const log = pino({ base: null }, { write: (line) => lines.push(JSON.parse(line)) });
    await using own = newLoop({ store, log, intervalMs: 5 });
    await sleep(150);
    isAway = false;
    await expect.poll(() => lines.length, { timeout: 5_000 }).toBe(2);
    expect(lines).toMatchObject([{ level: 40 }, { level: 30 }]);
    await own.stop();
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
