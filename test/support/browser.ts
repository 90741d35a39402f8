import chromium from '@sparticuz/chromium';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { chromium as playwright } from 'playwright-core';
import * as z from 'zod';

const violations = z.array(z.object({ id: z.string(), impact: z.string().nullable(), nodes: z.array(z.unknown()) }));

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

/** What axe finds serious or worse. Run by the debugger, so the page's own policy need not be loosened for it. */
export async function seriousIssues(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = violations.parse(await page.evaluate('axe.run().then((result) => result.violations)'));
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${JSON.stringify(nodes)}`);
}
