import { describe, expect, it } from 'vitest';
import { VIEW_NAMES } from '../../../../collector/web/view-state.js';
import { seriousIssues } from '../../../support/browser.js';
import type { ShownPage } from '../../../support/shown-page.js';
import { HOSTILE } from '../../../support/shown-page.js';

/** Where a view shows most. */
const ADDRESSES: Readonly<Record<string, string>> = {
  overview: '?tenant=acme',
  hops: '?tenant=hooli&view=hops&attribute=tenant&from=web&to=agent',
  policies: '?tenant=initech&view=policies',
  readiness: '?tenant=umbrella&policy=pro-monthly&view=readiness',
  spend: '?tenant=spender&view=spend&by=user%2Cday',
  trace: `?view=trace&trace=${(20_001).toString(16).padStart(32, '0')}`,
  rules: '?view=rules&rule=dropped',
};

/** What holds for each view alike: it can be used by everyone, on any screen, and runs nothing that it is told. */
export function everyView({ page, errors, open, picture }: ShownPage): void {
  describe.each(VIEW_NAMES)('%s', (name) => {
    const address = ADDRESSES[name] ?? `?view=${name}`;

    it('has no serious accessibility issue in light or dark, and fits a telephone', async () => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page().emulateMedia({ colorScheme });
        await page().setViewportSize({ width: 1280, height: 900 });
        await open(address);
        expect(await seriousIssues(page())).toEqual([]);
        await picture(`${name}-${colorScheme}`);
        const ground = await page().evaluate('getComputedStyle(document.documentElement).backgroundColor');
        expect(ground).toBe(colorScheme === 'dark' ? 'rgb(20, 23, 28)' : 'rgb(246, 247, 249)');
        await page().setViewportSize({ width: 400, height: 800 });
        expect(await page().evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(400);
        await picture(`${name}-${colorScheme}-narrow`);
      }
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
