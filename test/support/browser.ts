import chromium from '@sparticuz/chromium';
import type { Browser } from 'playwright-core';
import { chromium as playwright } from 'playwright-core';

/**
 * Starts a real browser, which comes from npm: the machine needs none.
 *
 * The arguments that its package proposes are left out: they run all in one process, which ends with the first page,
 * and switch off the web security that tests are to see. A container has no user namespace for Chromium's sandbox.
 */
export async function startBrowser(): Promise<Browser> {
  return playwright.launch({
    args: ['--no-sandbox', '--disable-gpu'],
    executablePath: await chromium.executablePath(),
  });
}
