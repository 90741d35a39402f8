import { defineConfig } from 'vitest/config';

/**
 * The tests that mutation testing runs: those of the auditor that take milliseconds. Properties and the largest traces
 * would be run again for every mutant, and so would the real SDKs.
 */
export default defineConfig({
  test: {
    include: ['test/auditor/*.test.ts', 'test/auditor/{rules,trace,cost,policy,score}/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/auditor/properties.test.ts'],
    testNamePattern: /^(?!.*(100,000|stays quick))/,
  },
});
