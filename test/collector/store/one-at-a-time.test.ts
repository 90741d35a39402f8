import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { packagePath } from '../../../collector/package-path.js';
import { connectStore } from '../../../collector/store/client.js';
import { oneAtATime } from '../../../collector/store/one-at-a-time.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { waybill } from '../../support/waybill.js';

let test: TestStore;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  test = await startTestStore();
  const { url, username, password } = test.address;
  env = { CLICKHOUSE_URL: `${url.replace('//', `//${username}:${password}@`)}/waybill` };
});
afterAll(() => test[Symbol.asyncDispose]());

it('the second of two is refused with the name of the first, and may begin as soon as that is done', async () => {
  await using other = connectStore(test.address);
  const seen: string[] = [];
  const first = oneAtATime(test.store, 'backup', async () => {
    const second = oneAtATime(other, 'forget', async () => seen.push('second'));
    await expect(second).rejects.toThrow(/^A waybill backup is at work since \d+ s\. Nothing was changed\. Ask again/);
    const forget = await waybill(['forget', '--tenant', 'acme'], { env });
    expect(forget).toMatchObject({ code: 2, stderr: expect.stringMatching(/^A waybill backup is at work[^\n]+\n$/) });
    seen.push('first');
  });
  await first;
  await oneAtATime(other, 'forget', async () => seen.push('third'));
  expect(seen).toEqual(['first', 'third']);
});

it('lets the next begin also after one that failed, or whose process was killed', async () => {
  await expect(oneAtATime(test.store, 'forget', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  const child = holder();
  await once(child.stdout ?? child, 'data');
  await expect(oneAtATime(test.store, 'forget', async () => {})).rejects.toThrow('A waybill restore is at work');
  child.kill('SIGKILL');
  await vi.waitFor(() => oneAtATime(test.store, 'forget', async () => {}), { timeout: 10_000, interval: 100 });
});

it('fails where ClickHouse ended what kept the others out', async () => {
  const alone = oneAtATime(test.store, 'forget', async () => {
    await test.store.rows("KILL QUERY WHERE startsWith(query_id, 'waybill-whole-') SYNC");
    await new Promise(() => {});
  });
  await expect(alone).rejects.toThrow('Run waybill forget again');
});

/** A process that is at work until it is killed. */
function holder(): ChildProcess {
  const from = (file: string): string => JSON.stringify(packagePath(`dist/collector/store/${file}.js`));
  const code = `
    import { connectStore } from ${from('client')};
    import { oneAtATime } from ${from('one-at-a-time')};
    oneAtATime(connectStore(${JSON.stringify(test.address)}), 'restore', () => {
      console.log('at work');
      return new Promise(() => {});
    });`;
  return spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
}
