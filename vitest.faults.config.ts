import { defineConfig } from 'vitest/config';

/** The slow tests that break things for real: `npm run test:faults`. */
export default defineConfig({
  test: {
    include: ['test/faults/**/*.faults.ts'],
    testTimeout: 35 * 60_000,
    hookTimeout: 60_000,
    maxWorkers: 1,
  },
});
