import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startRounds } from '../../collector/rounds.js';

const ROUND_MS = 1_500;
const INTERVAL_MS = 1_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** When each of the rounds of some seconds began, milliseconds. */
async function begun(restMs: number | undefined, roundMs: number): Promise<number[]> {
  const startedMs = performance.now();
  const at: number[] = [];
  const round = async (): Promise<void> => {
    at.push(performance.now() - startedMs);
    await new Promise((done) => setTimeout(done, roundMs));
  };
  const rounds = startRounds(round, {
    intervalMs: INTERVAL_MS,
    ...(restMs === undefined ? {} : { restMs }),
    longestBackoffMs: 10_000,
    log: pino({ level: 'silent' }),
    words: { waits: '', fails: '', goesOn: '' },
  });
  await vi.advanceTimersByTimeAsync(5_600);
  const stopped = rounds.stop();
  await vi.advanceTimersByTimeAsync(ROUND_MS);
  await stopped;
  return at;
}

it('pauses for the whole interval after each round', async () => {
  expect(await begun(undefined, ROUND_MS)).toEqual([1_000, 3_500]);
});

it('with a shorter rest begins every interval, and at once after a round that took longer', async () => {
  expect(await begun(100, 300)).toEqual([1_000, 2_000, 3_000, 4_000, 5_000]);
  expect(await begun(100, ROUND_MS)).toEqual([1_000, 2_600, 4_200]);
});
