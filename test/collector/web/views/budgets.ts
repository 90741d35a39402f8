import { beforeAll, expect, it } from 'vitest';
import { isoMicros } from '../../../../auditor/iso-micros.js';
import type { ShownPage } from '../../../support/shown-page.js';
import { NOW_US } from '../../../support/shown-page.js';

/** Spend against limits, and what people were warned of. */
export function budgets({ page, errors, open, url, raise }: ShownPage): void {
  beforeAll(async () => {
    await raise({
      id: 'budget-threshold/pro-monthly/0.5',
      kind: 'budget-threshold',
      scope: { policy: 'pro-monthly' },
      raisedAt: isoMicros(NOW_US - 60_000_000),
      from: isoMicros(NOW_US - 3_600_000_000),
      to: isoMicros(NOW_US),
      observed: '$1.20',
      expected: '$1.00',
      message: 'Policy pro-monthly has spent half of its limit. <b>bold</b>',
    });
  });

  const panel = (policy: string) => page().locator('.budget').filter({ hasText: policy });

  it('shows spend against the limit, the thresholds, and the forecast with its interval, as the API has them', async () => {
    await open('?view=budgets');
    const answer: { budgets: { policy: string; share: number; spent: { costUsd: string; calls: number } }[] } =
      JSON.parse(await (await fetch(`${url()}v1/budgets`)).text());
    const pro = answer.budgets.find(({ policy }) => policy === 'pro-monthly');
    expect(pro?.spent.calls).toBeGreaterThan(100);
    const shown = panel('pro-monthly');
    expect(await shown.locator('data').nth(1).getAttribute('value')).toBe(pro?.spent.costUsd);
    expect(await shown.getByRole('img').getAttribute('aria-label')).toContain('of $2.00 spent');
    expect(await shown.locator('.crossed text').allTextContents()).toContain('50 %');
    expect(await shown.innerText()).toMatch(/limit reached[\s\S]*Expected at the end[\s\S]*A day costs/);
    expect(await panel('left-over').innerText()).toMatch(/no forecast yet[\s\S]*\$0\.00/);
    expect(errors()).toEqual([]);
  });

  it('shows what people were warned of, and whether they were told', async () => {
    await open('?view=budgets');
    const alert = page().locator('.alerts tbody tr').first();
    expect(await alert.innerText()).toMatch(
      /budget-threshold[\s\S]*half of its limit\. <b>bold<\/b>[\s\S]*mail pending/,
    );
  });

  it('keeps to one policy, and says what to write where it has no limit', async () => {
    await open('?policy=left-over&view=budgets');
    expect(await page().locator('.budget').count()).toBe(1);
    await open('?policy=made-up&view=budgets');
    await page().getByText("The contract gives 'made-up' no limit").waitFor();
  });
}
