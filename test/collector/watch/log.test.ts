import { expect, it } from 'vitest';
import { createLog } from '../../../collector/watch/log.js';

function logAt(clock: { nowMs: number }) {
  const lines: { msg: string; untold?: number }[] = [];
  const log = createLog('info', { write: (line: string) => void lines.push(JSON.parse(line)) }, () => clock.nowMs);
  return { log, lines };
}

it('tells a problem that repeats once in ten seconds, and then how often it was not told', () => {
  const clock = { nowMs: 0 };
  const { log, lines } = logAt(clock);
  for (let i = 0; i < 1_000; i += 1) log.error({ err: new Error(`number ${i}`) }, 'It failed');
  log.warn('Another problem');
  clock.nowMs = 10_001;
  log.error({ err: new Error('again') }, 'It failed');
  log.warn('Another problem');
  expect(lines.map(({ msg, untold }) => [msg, untold])).toEqual([
    ['It failed', undefined],
    ['Another problem', undefined],
    ['It failed', 999],
    ['Another problem', undefined],
  ]);
});

it('lets what is no problem pass, and tells it on one line', () => {
  const { log, lines } = logAt({ nowMs: 0 });
  for (let i = 0; i < 3; i += 1) log.info('Started\nwell');
  log.debug('too small');
  expect(lines.map(({ msg }) => msg)).toEqual(['Started\nwell', 'Started\nwell', 'Started\nwell']);
});

it('remembers a bounded number of problems', () => {
  const { log, lines } = logAt({ nowMs: 0 });
  for (let i = 0; i < 300; i += 1) log.warn(`problem ${i}`);
  log.warn('problem 0');
  log.warn('problem 299');
  expect(lines).toHaveLength(301);
});
