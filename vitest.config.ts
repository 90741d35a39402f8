import { defineConfig } from 'vitest/config';

const INSTRUMENTATION = ['test/instrumentation/**/*.test.ts', 'test/demo/**/*.test.ts'];

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        // Files share the modules that they load, which takes a third of the time; so none may leave anything behind in them.
        test: { name: 'product', include: ['test/**/*.test.ts'], exclude: INSTRUMENTATION, isolate: false },
      },
      {
        extends: true,
        // OpenTelemetry's API is one for the whole process: each file has to find it untouched.
        test: { name: 'instrumentation', include: INSTRUMENTATION },
      },
    ],
  },
});
