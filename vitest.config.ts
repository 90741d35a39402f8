import { readFile } from 'node:fs/promises';
import { defineConfig } from 'vitest/config';
import type { TestSpecification } from 'vitest/node';
import { BaseSequencer } from 'vitest/node';

/** Measures, so nothing may run beside it. */
const SPEED = 'test/collector/speed.test.ts';

/** Takes longest by far. */
const LONGEST = 'test/collector/web/page.test.ts';

/** Uses OpenTelemetry's API in its own process, where that is one for all: each file has to find it untouched. */
const TRACED = [
  'test/instrumentation/{attribution,guard,openai-calls,request-attribution,shared-attribution}.test.ts',
  'test/instrumentation/{sign-attribution,signed-end-to-end}.test.ts',
  'test/auditor/dialects/{ai-sdk,ai-sdk-legacy,langfuse,openinference,openlit,traceloop}.test.ts',
];

/** Vitest begins with the largest files until it has measured them once, and the longest is one of the smallest. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- a sequencer is no array
    const sorted = await super.sort(files);
    const longest = sorted.filter(({ moduleId }) => moduleId.endsWith(LONGEST));
    const rest = sorted.filter((file) => !longest.includes(file));
    const first = rest.findIndex(({ project }) => project === longest[0]?.project);
    return rest.toSpliced(Math.max(0, first), 0, ...longest);
  }
}

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
    sequence: { sequencer: LongestFirst },
    globalSetup: 'test/support/prepared-store.ts',
    // It imports JSON in a way that Node 20 does not know and Vite does.
    server: { deps: { inline: ['@actions/workflow-parser'] } },
    projects: [
      {
        extends: true,
        // Files share the modules that they load, which takes a third of the time; so none may leave anything behind in them.
        test: { name: 'product', include: ['test/**/*.test.ts'], exclude: [...TRACED, SPEED], isolate: false },
      },
      {
        extends: true,
        test: { name: 'traced', include: TRACED },
      },
      {
        extends: true,
        test: { name: 'speed', include: [SPEED], sequence: { groupOrder: 1 } },
      },
    ],
  },
});
