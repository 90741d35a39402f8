import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packagePath } from '../../../collector/package-path.js';

/** Under the 5 times that `npm run bench decode` shows, and over the 1.5 times of a decoder that makes objects first. */
const LEAST_RATIO = 4;

// In a process of its own: a test runner's own way of loading modules slows our code and not the library's.
it('decodes to rows that can be inserted four times as fast as protobufjs decodes to messages, on the same bytes', () => {
  const dir = mkdtempSync(join(tmpdir(), 'waybill-test-'));
  try {
    execFileSync(process.execPath, [packagePath('dist/test/bench/main.js'), 'decode'], { cwd: dir });
    const { figures } = JSON.parse(readFileSync(join(dir, 'reports/bench.json'), 'utf8'));
    // Of many turns, the best of each: whatever else the machine does slows some of them, and never speeds one up.
    const bestOf = (name: string) => figures.find((one: { name: string }) => one.name === name).highest;
    const ratio = bestOf('decode of protobuf to rows') / bestOf('protobufjs, messages only');
    expect(ratio).toBeGreaterThan(LEAST_RATIO);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}, 90_000);
