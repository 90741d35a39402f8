import { execFile } from 'node:child_process';
import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { startWaybillAt, waybillPlace } from '../support/waybill.js';
import { EXACT, settleLedger, startLedgerLoad, storeOf } from './ledger.js';

const run = promisify(execFile);

it('on a full disk it refuses and lives on; when there is room again it goes on by itself', async ({ skip }) => {
  const place = await waybillPlace();
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=96m', 'tmpfs', place.dataDir]);
  } catch {
    await rm(place.dataDir, { recursive: true });
    skip('A small disk can be made by root alone: this user may not mount a tmpfs.');
  }
  try {
    await using running = await startWaybillAt(place);
    await using store = await storeOf(running);
    const load = startLedgerLoad(`${running.otlpUrl}/v1/traces`);
    const { ledger } = load;
    try {
      await expect.poll(() => ledger.acknowledged.size, { timeout: 20_000 }).toBeGreaterThan(20);
      await fill(join(place.dataDir, 'ballast'));
      await expect.poll(() => ledger.refused, { timeout: 60_000 }).toBeGreaterThan(50);
      expect((await fetch(`${running.apiUrl}/healthz`)).status).toBe(200);
      await rm(join(place.dataDir, 'ballast'));
      const full = ledger.acknowledged.size;
      await expect.poll(() => ledger.acknowledged.size, { timeout: 60_000 }).toBeGreaterThan(full + 20);
      await load.stop();
    } finally {
      load.abandon();
    }
    const balance = await settleLedger(store, ledger);
    console.log(
      `Full disk: ${ledger.refused} refusals, the slowest after ${Math.round(ledger.slowestRefusalMs)} ms; ` +
        `${ledger.acknowledged.size} traces acknowledged, ${balance.lost.length} lost`,
    );
    expect(balance).toMatchObject(EXACT);
  } finally {
    await run('umount', ['--lazy', place.dataDir]);
    await rm(place.dataDir, { recursive: true, force: true });
  }
});

/** Writes until nothing more goes on the disk. */
async function fill(file: string): Promise<void> {
  for (const bytes of [1_048_576, 4_096]) {
    for (;;) {
      try {
        await appendFile(file, Buffer.alloc(bytes, 1));
      } catch {
        break;
      }
    }
  }
}
