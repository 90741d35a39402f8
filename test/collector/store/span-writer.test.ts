import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '../../../collector/store/client.js';
import { StoreUnavailable } from '../../../collector/store/errors.js';
import { startSpanWriter } from '../../../collector/store/span-writer.js';
import { rowsOf, startTestWriter } from '../../support/span-rows.js';
import type { Span } from '../../../schemas/span.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { clean, trace } from '../../support/trace.js';

let test: TestStore;
let inserts: number[];
let open: (() => void) | null;

beforeAll(async () => {
  test = await startTestStore();
});

afterAll(async () => {
  await test[Symbol.asyncDispose]();
});

beforeEach(async () => {
  inserts = [];
  open = null;
  for (const table of ['spans', 'arrivals']) await test.store.command(`TRUNCATE TABLE ${table}`);
});

/** The real store; each insert is noted with its time, and waits where `open` is to let it through. */
function watched(gated = false): Store {
  return {
    ...test.store,
    insertRowBinary: async (...insert) => {
      inserts.push(performance.now());
      if (gated && open === null) await new Promise<void>((resolve) => (open = resolve));
      await test.store.insertRowBinary(...insert);
    },
  };
}

const clockUs = () => Date.now() * 1_000;
const request = (number: number): readonly Span[] => trace(number).station('web', clean).call('gpt-4o').spans;

function stored(): Promise<unknown[]> {
  return test.store.rows('SELECT toUInt32(count()) AS spans, toUInt32(uniqExact(received_at)) AS inserts FROM spans');
}

describe('span writer', () => {
  it('puts requests that come while an insert is under way into the next one', async () => {
    await using writer = startTestWriter({ store: watched(true), clockUs, minGapMs: 5 });
    const first = writer.write(request(1));
    await expect.poll(() => open).not.toBeNull();
    const others = [2, 3, 4].map((n) => writer.write(request(n)));
    await sleep(20);
    expect(inserts).toHaveLength(1);
    expect(writer.heldSpans()).toBe(8);
    open?.();
    await Promise.all([first, ...others]);
    expect(await stored()).toEqual([{ spans: 8, inserts: 2 }]);
    expect(writer.heldSpans()).toBe(0);
  });

  it('inserts at once what comes after a pause, and gathers what comes soon after an insert', async () => {
    await using writer = startTestWriter({ store: watched(), clockUs, minGapMs: 1_000 });
    const start = performance.now();
    await writer.write(request(1));
    await Promise.all([2, 3, 4].map((n) => writer.write(request(n))));
    const [first = Infinity, second = 0, ...others] = inserts;
    expect(first - start).toBeLessThan(900);
    // The gap runs from the moment at which the first one is begun, which is after `start`; timers count whole milliseconds.
    expect(second - start).toBeGreaterThanOrEqual(999);
    expect(others).toEqual([]);
    expect(await stored()).toEqual([{ spans: 8, inserts: 2 }]);
  });

  it('does not let what has waited through an insert wait again', async () => {
    await using writer = startTestWriter({ store: watched(true), clockUs, minGapMs: 1_000 });
    const first = writer.write(request(1));
    await expect.poll(() => open).not.toBeNull();
    const second = writer.write(request(2));
    await sleep(1_050);
    const opened = performance.now();
    open?.();
    await Promise.all([first, second]);
    expect((inserts[1] ?? Infinity) - opened).toBeLessThan(900);
  });

  it('inserts at once when there is enough for an insert, and never splits a request', async () => {
    await using writer = startTestWriter({ store: watched(), clockUs, minGapMs: 60_000, maxSpans: 4 });
    await Promise.all([1, 2, 3].map((n) => writer.write(request(n))));
    const large = [4, 5, 6].flatMap(request);
    await writer.write(large);
    expect(await stored()).toEqual([{ spans: 12, inserts: 3 }]);
  });

  it('begins a second insert beside one that takes long where enough spans wait, and never a third', async () => {
    const gates: (() => void)[] = [];
    const store: Store = {
      ...test.store,
      insertRowBinary: async (...insert) => {
        await new Promise<void>((resolve) => gates.push(resolve));
        await test.store.insertRowBinary(...insert);
      },
    };
    await using writer = startTestWriter({ store, clockUs, minGapMs: 1, spansBeside: 4 });
    const first = writer.write(request(1));
    await expect.poll(() => gates).toHaveLength(1);
    const second = writer.write(request(2));
    await sleep(20);
    expect(gates).toHaveLength(1);
    const third = writer.write(request(3));
    await expect.poll(() => gates).toHaveLength(2);
    const fourth = [4, 5, 6].map((n) => writer.write(request(n)));
    await sleep(20);
    expect(gates).toHaveLength(2);
    gates[1]?.();
    await Promise.all([second, third]);
    await expect.poll(() => gates).toHaveLength(3);
    gates[2]?.();
    await Promise.all(fourth);
    gates[0]?.();
    await first;
    expect(await stored()).toEqual([{ spans: 12, inserts: 3 }]);
  });

  it('fails the one request that ClickHouse cannot read, and none of the others', async () => {
    await using writer = startSpanWriter({ store: watched(), clockUs, minGapMs: 10 });
    const rows = rowsOf(request(2));
    const cut = { ...rows, bytes: rows.bytes.subarray(0, -1) };
    const outcomes = await Promise.allSettled([rowsOf(request(1)), cut, rowsOf(request(3))].map(writer.write));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: { name: 'QueryRefused' } });
    expect(await stored()).toEqual([{ spans: 4, inserts: 2 }]);
  });

  it('refuses what it may not hold, and takes more once there is room', async () => {
    await using writer = startTestWriter({ store: watched(true), clockUs, minGapMs: 1, maxHeldSpans: 4 });
    const taken = [1, 2].map((n) => writer.write(request(n)));
    await expect(writer.write(request(3))).rejects.toBeInstanceOf(StoreUnavailable);
    await expect.poll(() => open).not.toBeNull();
    open?.();
    await Promise.all(taken);
    await writer.write(request(3));
    expect(await stored()).toMatchObject([{ spans: 6 }]);
  });

  it('gives every insert a later time than the one before, and follows a clock that is set back by over a second', async () => {
    const startUs = clockUs();
    const times = [startUs, startUs, startUs - 500_000, startUs - 5_000_000];
    await using writer = startTestWriter({ store: watched(), clockUs: () => times.shift() ?? startUs, minGapMs: 1 });
    for (const n of [1, 2, 3, 4]) await writer.write(request(n));
    const rows = await test.store.rows(
      'SELECT trace_id, toUnixTimestamp64Micro(max(received_at)) AS at FROM spans GROUP BY trace_id ORDER BY trace_id',
    );
    expect(rows).toMatchObject(
      [startUs, startUs + 1, startUs + 2, startUs - 5_000_000].map((at) => ({ at: String(at) })),
    );
  });

  it('writes what is waiting before it stops, and takes nothing after', async () => {
    const writer = startTestWriter({ store: watched(), clockUs, minGapMs: 60_000, maxSpans: 4 });
    const writes = [1, 2, 3].map((n) => writer.write(request(n)));
    await Promise.all([writer.stop(), writer.stop()]);
    await Promise.all(writes);
    await expect(writer.write(request(4))).rejects.toBeInstanceOf(StoreUnavailable);
    expect(await stored()).toMatchObject([{ spans: 6 }]);
  });
});
