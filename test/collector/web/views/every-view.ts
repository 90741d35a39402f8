import { describe, expect, it } from 'vitest';
import { VIEW_NAMES } from '../../../../collector/web/view-state.js';
import { seriousIssues } from '../../../support/browser.js';
import type { ShownPage } from '../../../support/shown-page.js';
import { HOSTILE } from '../../../support/shown-page.js';

/** Where a view shows most. */
const ADDRESSES: Readonly<Record<string, string>> = {
  overview: '?tenant=acme',
  hops: '?tenant=hooli&view=hops&attribute=tenant&from=web&to=agent',
  budgets: '?view=budgets',
  policies: '?tenant=initech&view=policies',
  readiness: '?tenant=umbrella&policy=pro-monthly&view=readiness',
  spend: '?tenant=spender&view=spend&by=user%2Cday',
  trace: `?view=trace&trace=${(20_001).toString(16).padStart(32, '0')}`,
  rules: '?view=rules&rule=dropped',
};

const GROUNDS = [
  ['light', 'rgb(246, 247, 249)'],
  ['dark', 'rgb(20, 23, 28)'],
] as const;

/** What holds for each view alike: it can be used by everyone, on any screen, and runs nothing that it is told. */
export function everyView({ page, errors, open, picture }: ShownPage): void {
  it('is reached by keyboard, which goes on in it', async () => {
    await open('?tenant=acme');
    await page().keyboard.press('Tab');
    await page().keyboard.press('Enter');
    expect(new URL(page().url()).hash).toBe('#report');
    const links = page().getByRole('navigation', { name: 'Views' }).getByRole('link');
    const labels = await links.allInnerTexts();
    expect(labels).toEqual(['Overview', 'Hop map', 'Spend', 'Budgets', 'Readiness', 'Rollout', 'Policies', 'Rules']);
    for (const label of labels.slice(1)) {
      await links.getByText(label, { exact: true }).focus();
      await page().keyboard.press('Enter');
      await expect.poll(() => page().evaluate('document.activeElement.id')).toBe('report');
      expect(await page().locator('nav [aria-current]').innerText()).toBe(label);
    }
    await expect.poll(() => page().title()).toBe('What is checked, and why · Waybill');
    await page().goBack();
    await page().getByRole('heading', { name: 'Do the policies fit' }).waitFor();
  });

  describe.each(VIEW_NAMES)('%s', (name) => {
    const address = ADDRESSES[name] ?? `?view=${name}`;

    it('has no serious accessibility issue in light or dark, and fits a telephone', async () => {
      await open(address);
      for (const [colorScheme, ground] of GROUNDS) {
        await page().emulateMedia({ colorScheme });
        expect(await page().evaluate('getComputedStyle(document.documentElement).backgroundColor')).toBe(ground);
        expect(await seriousIssues(page())).toEqual([]);
        await picture(`${name}-${colorScheme}`);
      }
      await page().setViewportSize({ width: 400, height: 800 });
      expect(await page().evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(400);
      await picture(`${name}-narrow`);
      expect(errors()).toEqual([]);
    });

    it('shows hostile names as text and runs nothing of them', async () => {
      const hostile = encodeURIComponent(HOSTILE);
      await open(`${address}&tenant=${hostile}&from=${hostile}&to=gateway&rule=`);
      expect(await page().evaluate('window.broken')).toBeUndefined();
      expect(await page().locator('main img, main script').count()).toBe(0);
    });
  });
}
