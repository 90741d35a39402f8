import type { Server } from 'node:net';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { startAuditLoop } from '../../../collector/audit/loop.js';
import { connectStore } from '../../../collector/store/client.js';
import { StoreUnavailable } from '../../../collector/store/errors.js';
import { contract } from '../../support/contract.js';
import { startTestStore } from '../../support/engine.js';
import { startTestWriter } from '../../support/span-rows.js';
import { clean, trace } from '../../support/trace.js';

it('spans whose insert was never answered are sent again, written twice, and counted once', async () => {
  await using test = await startTestStore();
  await using line = await startCuttableLine(Number(new URL(test.address.url).port));
  await using far = connectStore({ ...test.address, url: line.url });
  let nowUs = Date.now() * 1_000;
  const clockUs = (): number => nowUs;
  await using writer = startTestWriter({ store: far, clockUs, minGapMs: 1 });
  const loop = { store: test.store, contract: contract(), clockUs, log: pino({ level: 'silent' }), intervalMs: 0 };
  await using audit = startAuditLoop(loop);
  const span = { startUs: nowUs };
  const { spans } = trace(1).station('web', clean, span).call('gpt-4o', undefined, { span });

  // What is written twice must be seen before ClickHouse joins it.
  await test.store.command('SYSTEM STOP MERGES spans');
  line.cutAnswers();
  await expect(writer.write(spans)).rejects.toThrow(StoreUnavailable);
  expect(await kept()).toMatchObject({ written: 2, spans: 2 });
  nowUs += 1_000;
  line.mend();
  await writer.write(spans);

  expect(await kept()).toEqual({ written: 4, spans: 2, calls: 0, usd: null });
  nowUs += 6_000_000;
  await audit.sweep();
  expect(await kept()).toEqual({ written: 4, spans: 2, calls: 1, usd: '0.0035' });
  await test.store.command('SYSTEM START MERGES spans');
  await test.store.command('OPTIMIZE TABLE spans FINAL');
  expect(await kept()).toEqual({ written: 2, spans: 2, calls: 1, usd: '0.0035' });

  async function kept(): Promise<unknown> {
    const [row] = await test.store.rows(`
      SELECT
          (SELECT toUInt32(count()) FROM spans) AS written,
          (SELECT toUInt32(count()) FROM spans FINAL) AS spans,
          toUInt32(count()) AS calls,
          toString(sum(cost_usd)) AS usd
      FROM calls FINAL`);
    return row;
  }
});

/** A line to a port of this machine, of which the way back can be cut: what is asked arrives, and no answer comes. */
async function startCuttableLine(port: number) {
  let isCut = false;
  const server: Server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    near.pipe(far);
    far.on('data', (answer) => {
      if (isCut) near.destroy();
      else near.write(answer);
    });
    const end = (): void => {
      near.destroy();
      far.destroy();
    };
    for (const side of [near, far]) side.on('close', end).on('error', end);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    cutAnswers: () => (isCut = true),
    mend: () => (isCut = false),
    [Symbol.asyncDispose]: async () => {
      server.close();
    },
  };
}
