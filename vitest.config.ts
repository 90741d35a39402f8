import { readFile } from 'node:fs/promises';
import { defineConfig } from 'vitest/config';

/** Measures, so nothing may run beside it. */
const SPEED = 'test/collector/speed.test.ts';
const INSTRUMENTATION = ['instrumentation', 'demo', 'auditor/dialects'].map((folder) => `test/${folder}/**/*.test.ts`);

export default defineConfig({
  plugins: [
    {
      // It is published without the sources that its maps name, and Vite would say so of each file.
      name: 'no-maps-of-workflow-parser',
      enforce: 'pre',
      load: async (id) =>
        id.includes('/@actions/workflow-parser/') && id.endsWith('.js')
          ? (await readFile(id, 'utf8')).replace(/\/\/# sourceMappingURL=.*$/, '')
          : null,
    },
  ],
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    globalSetup: 'test/support/prepared-store.ts',
    // It imports JSON in a way that Node 20 does not know and Vite does.
    server: { deps: { inline: ['@actions/workflow-parser'] } },
    projects: [
      {
        extends: true,
        // Files share the modules that they load, which takes a third of the time; so none may leave anything behind in them.
        test: { name: 'product', include: ['test/**/*.test.ts'], exclude: [...INSTRUMENTATION, SPEED], isolate: false },
      },
      {
        extends: true,
        // OpenTelemetry's API is one for the whole process: each file has to find it untouched.
        test: { name: 'instrumentation', include: INSTRUMENTATION },
      },
      {
        extends: true,
        test: { name: 'speed', include: [SPEED], sequence: { groupOrder: 1 } },
      },
    ],
  },
});
