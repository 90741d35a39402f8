import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { packagePath } from '../../collector/package-path.js';

const resultSchema = z.object({
  figures: z.array(z.object({ name: z.string(), highest: z.number() })),
});

let best: (name: string) => number;

// In a process of its own: a test runner's own way of loading modules slows our code and not the library's.
beforeAll(() => {
  const dir = mkdtempSync(join(tmpdir(), 'waybill-test-'));
  try {
    execFileSync(process.execPath, [packagePath('dist/test/bench/main.js'), 'decode', 'cost', '--quick'], {
      cwd: dir,
      stdio: 'ignore',
    });
    const { figures } = resultSchema.parse(JSON.parse(readFileSync(join(dir, 'reports/bench.json'), 'utf8')));
    // The best turn of each is the one that other processes disturbed least.
    best = (name) => figures.find((one) => one.name === name)?.highest ?? Number.NaN;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}, 120_000);

/** How fast protobufjs makes messages of the same bytes: what slows the machine slows that as well. */
const YARDSTICK = 'protobufjs, messages only';

describe('speed', () => {
  it('decodes to rows that can be inserted over four times as fast as protobufjs decodes to messages', () => {
    expect(best('decode of protobuf to rows') / best(YARDSTICK)).toBeGreaterThan(4);
  });

  it('receives, stores and audits at over half of the speed that it had when this figure was written', () => {
    const kept = 0.1;
    expect(best('received, stored and audited') / best(YARDSTICK)).toBeGreaterThan(kept / 2);
  });
});
