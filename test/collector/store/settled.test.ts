import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Share } from '../../../collector/store/cuts.js';
import { oldestArrivalUs, readCuts, stepEndUs, writeCut } from '../../../collector/store/cuts.js';
import { chunksOf } from '../../../collector/store/read-traces.js';
import type { SettledTrace } from '../../../collector/store/settled.js';
import { settledTraces } from '../../../collector/store/settled.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';

const NOW_US = Math.floor(Date.now() / 1_000) * 1_000_000;
const SECOND_US = 1_000_000;
const ALL: Share = { index: 0, of: 1 };

let test: TestStore;

beforeAll(async () => {
  test = await startTestStore();
});

afterAll(async () => {
  await test[Symbol.asyncDispose]();
});

beforeEach(async () => {
  for (const table of ['arrivals', 'audits', 'cuts']) await test.store.command(`TRUNCATE TABLE ${table}`);
});

const idOf = (name: string): string => Buffer.from(name).toString('hex').padStart(32, '0');

/** Notes that spans came for a trace, so many seconds ago. */
async function arrive(name: string, ...secondsAgo: readonly number[]): Promise<void> {
  for (const seconds of secondsAgo) {
    await test.store.command(
      `INSERT INTO arrivals
       SELECT fromUnixTimestamp64Micro({at: Int64}, 'UTC'), {id: String}, 1, today(), today()`,
      { at: NOW_US - seconds * SECOND_US, id: idOf(name) },
    );
  }
}

/** Notes that an audit has seen those arrivals. */
async function audited(name: string, secondsAgo: number, seen: readonly number[]): Promise<void> {
  await test.store.command(
    `INSERT INTO audits (day, trace_id, seen, audited_at)
     SELECT today(), {id: String}, arrayMap(us -> fromUnixTimestamp64Micro(us, 'UTC'), {seen: Array(Int64)}),
            fromUnixTimestamp64Micro({at: Int64}, 'UTC')`,
    {
      id: idOf(name),
      at: NOW_US - secondsAgo * SECOND_US,
      seen: seen.map((seconds) => NOW_US - seconds * SECOND_US),
    },
  );
}

/** Which traces are to be audited; times are in seconds before now. */
async function settled(from: number, to: number, settledBefore = to, share = ALL): Promise<Record<string, number[]>> {
  const found = await settledTraces(test.store, {
    fromUs: NOW_US - from * SECOND_US,
    toUs: NOW_US - to * SECOND_US,
    settledBeforeUs: NOW_US - settledBefore * SECOND_US,
    share,
  });
  return Object.fromEntries(
    found.map(({ traceId, arrivalsUs }) => [
      Buffer.from(traceId, 'hex').toString().replaceAll('\0', ''),
      arrivalsUs.map((us) => (NOW_US - us) / SECOND_US).toSorted((a, b) => b - a),
    ]),
  );
}

describe('settled traces', () => {
  it('are those whose last arrival is over the quiet period ago', async () => {
    await arrive('quiet', 9, 7);
    await arrive('busy', 9, 2);
    expect(await settled(60, 5)).toEqual({ quiet: [9, 7] });
    expect(await settled(60, 1)).toEqual({ quiet: [9, 7], busy: [9, 2] });
  });

  it('begin after the cut and end with the window', async () => {
    await arrive('before', 20);
    await arrive('first', 19);
    await arrive('last', 10);
    await arrive('after', 9);
    expect(await settled(20, 10, 5)).toEqual({ first: [19], last: [10] });
  });

  it('are found once, with all arrivals, where a window ends between these', async () => {
    await arrive('long', 18, 8);
    expect(await settled(20, 10, 5)).toEqual({ long: [18, 8] });
    await audited('long', 4, [18, 8]);
    expect(await settled(10, 5)).toEqual({});
  });

  it('are not found again where an audit has seen every arrival', async () => {
    await arrive('seen', 30, 20);
    await audited('seen', 10, [30, 20]);
    await arrive('grown', 30, 20);
    await audited('grown', 25, [30]);
    expect(await settled(60, 5)).toEqual({ grown: [30, 20] });
  });

  it('are judged by their newest audit', async () => {
    await arrive('grown', 30, 20);
    await audited('grown', 10, [30, 20]);
    await audited('grown', 25, [30]);
    expect(await settled(60, 5)).toEqual({});
  });

  it('say when they were last audited', async () => {
    await arrive('grown', 30, 20);
    await audited('grown', 25, [30]);
    await arrive('fresh', 30);
    const window = { fromUs: NOW_US - 60 * SECOND_US, toUs: NOW_US, settledBeforeUs: NOW_US, share: ALL };
    const found = await settledTraces(test.store, window);
    expect(new Map(found.map((one) => [one.traceId, one.auditedAtUs]))).toEqual(
      new Map([
        [idOf('grown'), NOW_US - 25 * SECOND_US],
        [idOf('fresh'), 0],
      ]),
    );
  });

  it('are divided among shares, each in exactly one', async () => {
    const names = Array.from({ length: 40 }, (_, i) => `t${i}`);
    for (const name of names) await arrive(name, 10);
    const parts = await Promise.all([0, 1, 2].map((index) => settled(60, 5, 5, { index, of: 3 })));
    expect(parts.flatMap((part) => Object.keys(part)).toSorted()).toEqual(names.toSorted());
    expect(parts.every((part) => Object.keys(part).length > 0)).toBe(true);
  });
});

describe('steps and cuts', () => {
  it('end a step so many arrivals further on, and not at all where there are fewer', async () => {
    await arrive('a', 9, 8, 7, 6);
    expect(await stepEndUs(test.store, NOW_US - 9 * SECOND_US, 1)).toBe(NOW_US - 7 * SECOND_US);
    expect(await stepEndUs(test.store, NOW_US - 9 * SECOND_US, 3)).toBeNull();
  });

  it('know the oldest arrival, and that there was none', async () => {
    expect(await oldestArrivalUs(test.store)).toBeNull();
    await arrive('a', 9, 8);
    expect(await oldestArrivalUs(test.store)).toBe(NOW_US - 9 * SECOND_US);
  });

  it('keep the last cut of each share and auditor', async () => {
    expect(await readCuts(test.store)).toEqual([]);
    const second = { index: 1, of: 2 };
    await writeCut(test.store, { share: ALL, worker: null, cutUs: 1_000_001 }, NOW_US);
    await writeCut(test.store, { share: ALL, worker: null, cutUs: 2_000_002 }, NOW_US + 1);
    await writeCut(test.store, { share: second, worker: null, cutUs: 3_000_003 }, NOW_US);
    await writeCut(test.store, { share: second, worker: { index: 0, of: 2 }, cutUs: 4_000_004 }, NOW_US);
    expect((await readCuts(test.store)).toSorted((a, b) => a.cutUs - b.cutUs)).toEqual([
      { share: ALL, worker: null, cutUs: 2_000_002 },
      { share: second, worker: null, cutUs: 3_000_003 },
      { share: second, worker: { index: 0, of: 2 }, cutUs: 4_000_004 },
    ]);
  });
});

describe('chunks', () => {
  const traces = (...spans: readonly number[]): SettledTrace[] =>
    spans.map((count, i) => ({
      traceId: idOf(`${i}`),
      arrivalsUs: [NOW_US],
      spans: count,
      firstDay: '2026-11-02',
      lastDay: '2026-11-02',
      auditedAtUs: 0,
    }));
  const sizes = (chunks: readonly SettledTrace[][]) => chunks.map((chunk) => chunk.map(({ spans }) => spans));

  it('hold about as many spans as they may, and each trace once', () => {
    expect(sizes(chunksOf(traces(4, 6, 1, 25, 3, 7, 1), 10))).toEqual([[4, 6], [1], [25], [3, 7], [1]]);
    expect(chunksOf([], 10)).toEqual([]);
  });

  it('hold no more traces than one query may name', () => {
    expect(chunksOf(traces(...Array.from({ length: 2_500 }, () => 1)), 20_000).map(({ length }) => length)).toEqual([
      1_000, 1_000, 500,
    ]);
  });
});
