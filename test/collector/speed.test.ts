import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { packagePath } from '../../collector/package-path.js';

const resultSchema = z.object({ figures: z.array(z.object({ name: z.string(), median: z.number() })) });

let medians: ReadonlyMap<string, number>;

// In a process of its own: a test runner's own way of loading modules slows our code and not the library's.
beforeAll(() => {
  const dir = mkdtempSync(join(tmpdir(), 'waybill-test-'));
  try {
    execFileSync(process.execPath, [packagePath('dist/test/bench/main.js'), 'decode', 'cost'], {
      cwd: dir,
      stdio: 'ignore',
    });
    const { figures } = resultSchema.parse(JSON.parse(readFileSync(join(dir, 'reports/bench.json'), 'utf8')));
    medians = new Map(figures.map(({ name, median }) => [name, median]));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}, 120_000);

/** How fast protobufjs makes messages of the same bytes: what a slow machine slows as well. */
function yardstick(): number {
  return medians.get('protobufjs, messages only') ?? Number.NaN;
}

describe('speed', () => {
  it('decodes to rows that can be inserted over twice as fast as protobufjs decodes to messages', () => {
    // Under the 3.4 times that `npm run bench decode` shows, and over the 1.5 times of a decoder that makes objects.
    expect(medians.get('decode against protobufjs')).toBeGreaterThan(2.5);
  });

  it('receives, stores and audits at over half of the speed that it had when this figure was written', () => {
    const kept = 0.1;
    expect((medians.get('received, stored and audited') ?? Number.NaN) / yardstick()).toBeGreaterThan(kept / 2);
  });
});
