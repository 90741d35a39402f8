import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from 'vitest';
import { packagePath } from '../../../collector/package-path.js';
import { seriousIssues, startBrowser } from '../../support/browser.js';
import type { ServedPage } from '../../support/served-page.js';
import { servePage } from '../../support/served-page.js';
import { clean, trace } from '../../support/trace.js';

const NOW_US = Math.floor(Date.now() / 1_000) * 1_000_000;
const DAY_US = 86_400_000_000;
const HOSTILE = '<img src=x onerror="window.broken=1"><script>window.broken=1</script>';
const SCREENSHOTS = process.env['WAYBILL_SCREENSHOTS'];

let served: ServedPage;
let browser: Browser;
let page: Page;
let errors: string[];

beforeAll(async () => {
  [served, browser] = await Promise.all([servePage(NOW_US), startBrowser()]);
  const number = (day: number, i: number) => day * 100 + i + 1;
  const days = [0, 1, 2, 3, 4, 5];
  await served.keep([
    ...days.flatMap((day) => Array.from({ length: 20 }, (_, i) => spansOf(number(day, i), day, 'gpt-4o'))),
    ...days.flatMap((day) => Array.from({ length: 4 }, (_, i) => spansOf(number(day, 30 + i), day, 'gpt-4o', {}))),
    spansOf(9_001, 1, HOSTILE, { tenant: HOSTILE }, HOSTILE),
  ]);
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

/** A call by way of web and a gateway; what arrives at the gateway can be told. */
function spansOf(
  id: number,
  daysAgo: number,
  model: string,
  arriving: { tenant?: string; feature?: string; policy?: string } = clean,
  gateway = 'gateway',
) {
  const start = { startUs: NOW_US - 3_600_000_000 - daysAgo * DAY_US };
  return trace(id)
    .station('web', arriving.tenant === HOSTILE ? { ...clean, tenant: HOSTILE } : clean, start)
    .station(gateway, arriving, start)
    .call(model, undefined, {
      ...arriving,
      span: start,
    }).spans;
}

async function open(query = ''): Promise<void> {
  await page.goto(`${served.url}${query}`);
  await page.locator('[aria-busy=false]').waitFor();
}

describe('the overview', () => {
  it('shows the gate, the score beside the row level, spend by verdict, and gaps with hop and fix', async () => {
    await open();
    const text = await page.locator('main').innerText();
    expect(text).toMatch(
      /Not ready to block[\s\S]*Observed[\s\S]*Required[\s\S]*Fix first: Propagate baggage from web/,
    );
    expect(text).toContain('none known');
    expect(text).toContain('not drawn: 1 of unknown cost');
    expect(text).toContain('145 calls');
    const gap = page.locator('.gaps tbody tr').filter({ hasText: 'dropped of tenant' });
    expect(await gap.first().innerText()).toMatch(/\$0\.08[\s\S]*web → gateway[\s\S]*24[\s\S]*Propagate/);
    expect(await page.locator('svg .part.enforceable').count()).toBeGreaterThan(5);
    await page.getByText('The numbers').last().click();
    expect(await page.locator('td data').first().getAttribute('title')).toMatch(/^\$\d+\.\d{12}$/);
    expect(errors).toEqual([]);
    if (SCREENSHOTS !== undefined) {
      await open('?tenant=acme');
      await page.screenshot({ path: packagePath('collector', 'web', 'screenshots', 'overview.png'), fullPage: true });
    }
  });

  it('keeps scope and time in the address, so that whoever opens it sees the same', async () => {
    await open();
    await page.getByLabel('Tenant').fill('acme');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await page.locator('select[name=since]').selectOption('30d');
    expect(new URL(page.url()).search).toBe('?tenant=acme&since=30d');
    await open('?tenant=acme&since=30d');
    expect(await page.getByLabel('Tenant').inputValue()).toBe('acme');
    expect(await page.locator('select[name=since]').inputValue()).toBe('30d');
    await page.getByRole('button', { name: 'Show all' }).click();
    expect(new URL(page.url()).search).toBe('?since=30d');
    await page.goBack();
    expect(await page.getByLabel('Tenant').inputValue()).toBe('acme');
  });

  it.each(['light', 'dark'] as const)('has no serious accessibility issue in %s', async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    await open('?tenant=acme');
    expect(await seriousIssues(page)).toEqual([]);
    const ground = await page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
    expect(ground).toBe(colorScheme === 'dark' ? 'rgb(20, 23, 28)' : 'rgb(246, 247, 249)');
    if (SCREENSHOTS !== undefined && colorScheme === 'dark') {
      const path = packagePath('collector', 'web', 'screenshots', 'overview-dark.png');
      await page.screenshot({ path, fullPage: true });
    }
  });

  it('shows hostile names as text and runs nothing of them', async () => {
    await open(`?tenant=${encodeURIComponent(HOSTILE)}`);
    expect(await page.locator('.gaps').innerText()).toContain(HOSTILE);
    expect(await page.getByLabel('Tenant').inputValue()).toBe(HOSTILE);
    expect(await page.evaluate('window.broken')).toBeUndefined();
    expect(await page.locator('main img').count()).toBe(0);
    expect(errors).toEqual([]);
  });

  it('refuses inline scripts', async () => {
    await open();
    await page.evaluate(
      "const s = document.createElement('script'); s.textContent = 'window.inline = 1'; document.body.append(s)",
    );
    expect(await page.evaluate('window.inline')).toBeUndefined();
    expect(errors.join()).toContain('Content Security Policy');
  });

  it('says what to do where there are no calls, and what was wrong with a question', async () => {
    await page.goto(`${served.url}?tenant=nobody`);
    await page.getByText('No audited calls here yet').waitFor();
    expect(await page.locator('main').innerText()).toContain('OTEL_EXPORTER_OTLP_ENDPOINT');
    expect(await seriousIssues(page)).toEqual([]);
    await page.goto(`${served.url}?since=soon`);
    expect(await page.getByRole('alert').innerText()).toContain("'since': must be a span of time");
  });

  it('leaves no evidence behind by being looked at', async () => {
    await open();
    const response = await fetch(`${served.url}v1/gate/history`);
    expect(await response.json()).toEqual({ answers: [] });
  });

  it('comes with everything it needs in less than 150 KB of script, and asks nobody else', async () => {
    const asked: string[] = [];
    let scriptBytes = 0;
    page.on('request', (request) => asked.push(request.url()));
    page.on('response', async (response) => {
      if (response.url().endsWith('.js')) scriptBytes += gzipSync(await response.body()).length;
    });
    await open();
    expect(asked.filter((url) => !url.startsWith(served.url) && !url.startsWith('data:'))).toEqual([]);
    expect(scriptBytes).toBeGreaterThan(1_000);
    expect(scriptBytes).toBeLessThan(150_000);
  });
});
