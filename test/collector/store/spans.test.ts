import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTraces } from '../../../collector/store/read-traces.js';
import { createRowWriter } from '../../../collector/store/row-writer.js';
import { dayOf, readTrace, spanColumns, writeSpan } from '../../../collector/store/spans.js';
import type { Span } from '../../../schemas/span.js';
import { anySpan } from '../../support/arbitrary-span.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { clean, trace } from '../../support/trace.js';

const DAY_US = 86_400_000_000;
const NOW_US = Date.now() * 1_000;
const TODAY = Math.floor(NOW_US / DAY_US);
const isoDay = (day: number) => new Date(day * 86_400_000).toISOString().slice(0, 10);

describe('the day of a span', () => {
  it.each([
    ['is that of its start', -3.5, TODAY - 3],
    ['may be four weeks ago', -28, TODAY - 28],
    ['may be tomorrow, where a clock is ahead', 1, TODAY + 1],
    ['is that of its arrival where it claims to be older', -29, TODAY],
    ['is that of its arrival where it claims to come from the future', 2, TODAY],
    ['is that of its arrival where it claims no time at all', -NOW_US / DAY_US, TODAY],
  ])('%s', (_, days, expected) => {
    const noonUs = (TODAY + 0.5) * DAY_US;
    expect(dayOf(days === -NOW_US / DAY_US ? 0 : noonUs + days * DAY_US, noonUs)).toBe(expected);
  });
});

describe('spans in ClickHouse', () => {
  let test: TestStore;

  beforeAll(async () => {
    test = await startTestStore();
  });

  afterAll(async () => {
    await test[Symbol.asyncDispose]();
  });

  async function insert(spans: readonly Span[], receivedAtUs = NOW_US): Promise<void> {
    const row = createRowWriter();
    for (const span of spans) writeSpan(row, span, receivedAtUs);
    await test.store.insertRowBinary('spans', spanColumns, row.bytes());
  }

  async function read(traceIds: readonly string[], maxSpansPerTrace?: number) {
    const settled = traceIds.map((traceId) => ({
      traceId,
      arrivalsUs: [NOW_US],
      spans: 1,
      firstDay: isoDay(TODAY - 30),
      lastDay: isoDay(TODAY),
      auditedAtUs: 0,
    }));
    return [...(await readTraces(test.store, settled, maxSpansPerTrace))];
  }

  it('come back as they were, to the last field', async () => {
    const spans = fc.sample(anySpan, { numRuns: 300, seed: 7 }).toSorted((a, b) => (a.traceId < b.traceId ? -1 : 1));
    await insert(spans);
    const back = await read(spans.map(({ traceId }) => traceId));
    expect(back.map((one) => one.spans)).toEqual(spans.map((span) => [span]));
  });

  it('keep times that no table can hold as the nearest that it can', async () => {
    const [span] = trace(1).station('web', clean, { startUs: -1, endUs: 2 ** 64 / 1_000 }).spans;
    await insert(span === undefined ? [] : [span]);
    expect((await readTrace(test.store, span?.traceId ?? '')).spans).toMatchObject([
      { startUs: 0, endUs: Number.MAX_SAFE_INTEGER },
    ]);
  });

  it('are the same whether they are sent once or again', async () => {
    const { spans } = trace(2).station('web', clean).call('gpt-4o');
    await insert(spans);
    await insert(spans, NOW_US + 1);
    const [again] = await read([spans[0]?.traceId ?? '']);
    expect(again?.spans).toEqual(spans);
    expect(again?.seenUs).toEqual([NOW_US, NOW_US + 1]);
  });

  it('are read up to a bound, and it is told that there are more', async () => {
    const whole = trace(3).station('web', clean).call('gpt-4o');
    const { spans } = trace(4).station('web', clean).station('agent', clean).call('gpt-4o');
    await insert([...whole.spans, ...spans]);
    const back = await read([whole.spans[0]?.traceId ?? '', spans[0]?.traceId ?? ''], 2);
    expect(back).toMatchObject([
      { isCut: false, spans: whole.spans },
      { isCut: true, spans: spans.slice(0, 2) },
    ]);
  });

  it('may be of more traces than fit in a URL line of most servers', async () => {
    const many = Array.from({ length: 1_000 }, (_, i) => trace(1_000 + i).station('web', clean).spans).flat();
    await insert(many);
    expect(await read(many.map(({ traceId }) => traceId))).toHaveLength(1_000);
  });

  it('of times that no sender can be honest about touch no more days than they may', async () => {
    await test.store.command('TRUNCATE TABLE spans');
    const wild = Array.from({ length: 400 }, (_, i) =>
      trace(5_000 + i).station('web', clean, { startUs: Math.max(0, NOW_US + (i - 200) * DAY_US) }),
    );
    await insert(wild.flatMap(({ spans }) => spans));
    expect(await test.store.rows('SELECT uniqExact(day) < 31 AS isBounded, count() AS spans FROM spans')).toEqual([
      { isBounded: 1, spans: '400' },
    ]);
  });
});
