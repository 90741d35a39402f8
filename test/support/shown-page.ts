import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { packagePath } from '../../collector/package-path.js';
import { startBrowser } from './browser.js';
import type { ServedPage } from './served-page.js';
import { servePage } from './served-page.js';

/** The present of the tests of the page, microseconds since 1970: a whole second. */
export const NOW_US = Math.floor(Date.now() / 1_000) * 1_000_000;

/** An hour ago: when most calls of the tests were made. */
export const anHourAgo = { startUs: NOW_US - 3_600_000_000, endUs: NOW_US - 3_599_000_000 };

/** What would run, were it ever taken for markup. */
export const HOSTILE = '<img src=x onerror="window.broken=1"><script>window.broken=1</script>';

/** The page in a real browser, for all tests of a file. */
export interface ShownPage {
  /** A tab of the running test, 1280 wide, in Zurich and English. */
  readonly page: () => Page;
  readonly url: () => string;
  /** What the running test's page complained about: errors, and what it logged as such. */
  readonly errors: () => readonly string[];
  /** Opens an address of the page and waits until everything is answered. */
  readonly open: (query?: string) => Promise<void>;
  readonly keep: ServedPage['keep'];
  readonly raise: ServedPage['raise'];
  readonly decided: ServedPage['decided'];
  readonly judge: ServedPage['judge'];
  /** Takes a picture of the whole page, kept with the reports of a run, where `WAYBILL_SCREENSHOTS` asks for it. */
  readonly picture: (name: string) => Promise<void>;
}

const PICTURES = packagePath('reports', 'screenshots');

/** The pictures that the README shows, taken anew with all others. */
const SHOWN_IN_README: Readonly<Record<string, string>> = {
  'overview-light': 'overview.png',
  'overview-dark': 'overview-dark.png',
  'hops-light': 'hop-map.png',
  'trace-light': 'trace.png',
};

/** Serves the page and starts a browser once for all tests of a file; each test has a tab of its own. */
export function showPage(): ShownPage {
  let served: ServedPage;
  let browser: Browser;
  let page: Page;
  let errors: string[];
  beforeAll(async () => {
    [served, browser] = await Promise.all([servePage(NOW_US), startBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await served?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    page = await browser.newPage({
      viewport: { width: 1280, height: 900 },
      timezoneId: 'Europe/Zurich',
      locale: 'en-GB',
    });
    errors = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
  });
  afterEach(async () => {
    await page.close();
  });
  return {
    page: () => page,
    url: () => served.url,
    errors: () => errors,
    open: async (query = '') => {
      await page.goto(`${served.url}${query}`);
      await page.locator('[aria-busy=false]').waitFor();
    },
    keep: (traces) => served.keep(traces),
    raise: (alert) => served.raise(alert),
    decided: (row) => served.decided(row),
    judge: () => served.judge(),
    picture: async (name) => {
      if (process.env['WAYBILL_SCREENSHOTS'] === undefined) return;
      const image = await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
      const shown = SHOWN_IN_README[name];
      if (shown !== undefined) writeFileSync(packagePath('collector', 'web', 'screenshots', shown), image);
    },
  };
}
