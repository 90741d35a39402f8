import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packagePath } from '../../../collector/package-path.js';

/** Under the 3.4 times that `npm run bench decode` shows, and over the 1.5 times of a decoder that makes objects first. */
const LEAST_RATIO = 2.5;

// In a process of its own: a test runner's own way of loading modules slows our code and not the library's.
it('decodes to rows that can be inserted over twice as fast as protobufjs decodes to messages, on the same bytes', () => {
  const dir = mkdtempSync(join(tmpdir(), 'waybill-test-'));
  try {
    execFileSync(process.execPath, [packagePath('dist/test/bench/main.js'), 'decode'], { cwd: dir });
    const { figures } = JSON.parse(readFileSync(join(dir, 'reports/bench.json'), 'utf8'));
    const ratio = figures.find(({ unit }: { unit: string }) => unit === 'times as fast');
    expect(ratio.median).toBeGreaterThan(LEAST_RATIO);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}, 90_000);
