import { readFile } from 'node:fs/promises';
import { defineConfig } from 'vitest/config';

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
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // It imports JSON in a way that Node 20 does not know and Vite does.
    server: { deps: { inline: ['@actions/workflow-parser'] } },
  },
});
