import { defineConfig } from 'vite';

/** Builds the page that `waybill serve` shows, beside the compiled server. */
export default defineConfig({
  root: import.meta.dirname,
  logLevel: 'warn',
  build: {
    outDir: '../../dist/collector/web',
    emptyOutDir: true,
    target: 'es2022',
    // The page forbids inline sources, so nothing may be put into the document as data.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
