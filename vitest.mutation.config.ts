import { defineConfig } from 'vitest/config';

/**
 * The tests that mutation testing runs: those of the auditor that take milliseconds. The largest traces would be run
 * again for every mutant, and so would the real SDKs. The tests of one mutant share a worker: loading the auditor anew
 * for every file would take five times as long as the tests themselves.
 */
export default defineConfig({
  test: {
    isolate: false,
    testTimeout: 30_000,
    include: [
      'test/auditor/*.test.ts',
      'test/auditor/{rules,trace,cost,policy,score,provenance,payloads,dialects}/**/*.test.ts',
    ],
    exclude: [
      '**/node_modules/**',
      'test/auditor/dialects/{ai-sdk,ai-sdk-legacy,langfuse,litellm,openinference,openlit,same-cost,traceloop}.test.ts',
    ],
    testNamePattern: /^(?!.*(100,000|10,000|stays quick))/,
    env: { PROPERTY_RUNS: '40' },
  },
});
