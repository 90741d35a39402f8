import { defineConfig } from 'vitest/config';

/** The tests that mutation testing runs: those of the auditor alone, without real SDKs, which are slow to load. */
export default defineConfig({
  test: {
    include: ['test/auditor/*.test.ts', 'test/auditor/{rules,trace,cost,policy,score}/**/*.test.ts'],
    exclude: ['**/node_modules/**'],
  },
});
