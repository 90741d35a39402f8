import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { packagePath } from '../../../collector/package-path.js';
import { seriousIssues, startBrowser } from '../../support/browser.js';
import type { ServedPage } from '../../support/served-page.js';
import { servePage } from '../../support/served-page.js';
import type { CarriedValues } from '../../support/trace.js';
import { clean, trace } from '../../support/trace.js';

const NOW_US = Math.floor(Date.now() / 1_000) * 1_000_000;
const start = { startUs: NOW_US - 3_600_000_000 };
const HOSTILE = '<img src=x onerror="window.broken=1">';
const SCREENSHOTS = process.env['WAYBILL_SCREENSHOTS'];

let served: ServedPage;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  [served, browser] = await Promise.all([servePage(NOW_US), startBrowser()]);
  const withoutTenant = { feature: clean.feature, policy: clean.policy };
  const many = (first: number, count: number, ...stations: [string, CarriedValues][]) =>
    Array.from({ length: count }, (_, i) => spansOf(first + i, stations));
  await served.keep([
    ...many(100, 30, ['web', clean], ['agent', clean], ['gateway', clean]),
    ...many(200, 10, ['web', clean], ['agent', withoutTenant], ['gateway', withoutTenant]),
    ...many(300, 12, ['batch', clean], ['gateway', {}]),
    ...many(400, 8, ['web', clean], ['search', clean]),
  ]);
  await served.keep(many(900, 1, [HOSTILE, { ...clean, tenant: 'hostile' }], ['gateway', {}]));
});
afterAll(async () => {
  await browser?.close();
  await served?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
});
afterEach(async () => {
  await page.close();
});

function spansOf(id: number, stations: readonly [string, CarriedValues][]) {
  const [[first, carried] = ['web', clean], ...others] = stations;
  let place = trace(id).station(first, carried, start);
  let last: CarriedValues = carried;
  for (const [service, values] of others) {
    place = place.station(service, values, start);
    last = values;
  }
  return place.call('gpt-4o', undefined, { ...last, span: start }).spans;
}

async function open(query: string): Promise<void> {
  await page.goto(`${served.url}${query}`);
  await page.locator('[aria-busy=false]').waitFor();
}

const edge = (name: string) => page.getByRole('link', { name });

describe('the hop map', () => {
  it('shows at each hop how much is still attributed, a loss all the way down', async () => {
    await open('?view=hops&attribute=tenant&tenant=acme');
    expect(await edge('web to agent').getAttribute('aria-label')).toBe('web to agent: 75.0 % · $0.14 of 40 calls');
    expect(await edge('agent to gateway').getAttribute('aria-label')).toContain('75.0 %');
    expect(await edge('batch to gateway').getAttribute('aria-label')).toContain(': 0.0 %');
    expect(await edge('web to search').getAttribute('aria-label')).toContain('100.0 %');
    if (SCREENSHOTS !== undefined) {
      await edge('web to agent').click();
      await page.getByText('Gaps at web → agent').waitFor();
      await page.screenshot({ path: packagePath('collector', 'web', 'screenshots', 'hop-map.png'), fullPage: true });
    }
  });

  it('says so where no call crosses a hop', async () => {
    await page.goto(`${served.url}?view=hops&tenant=nobody`);
    await page.getByText('No call crosses a hop here').waitFor();
  });

  it('is drawn for the attribute that is chosen, and keeps it in the address', async () => {
    await open('?view=hops');
    await page.locator('select[name=attribute]').selectOption('feature');
    expect(await edge('web to agent').getAttribute('aria-label')).toContain('100.0 %');
    expect(new URL(page.url()).search).toBe('?view=hops&attribute=feature');
  });

  it('shows the gaps of a hop that is chosen by keyboard, with a sample trace', async () => {
    await open('?view=hops');
    await edge('web to agent').focus();
    await page.keyboard.press('Enter');
    await page.getByText('Gaps at web → agent').waitFor();
    const rows = page.locator('.gaps tbody tr');
    expect(await rows.allInnerTexts()).toEqual([expect.stringMatching(/dropped of tenant[\s\S]*10/)]);
    expect(await rows.getByRole('link').getAttribute('href')).toMatch(/^\/v1\/traces\/[0-9a-f]{32}$/);
    const { search } = new URL(page.url());
    expect(search).toBe('?view=hops&from=web&to=agent');
    await open(search);
    await page.getByText('Gaps at web → agent').waitFor();
  });

  it('shows hostile service names as text, and has no serious accessibility issue in light or dark', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await open(`?view=hops&from=${encodeURIComponent(HOSTILE)}&to=gateway`);
      await page.getByText(`Gaps at ${HOSTILE} → gateway`).waitFor();
      expect(await seriousIssues(page)).toEqual([]);
    }
    expect(await page.evaluate('window.broken')).toBeUndefined();
  });
});
