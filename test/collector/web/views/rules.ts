import { expect, it } from 'vitest';
import { allRules } from '../../../../auditor/rules/all.js';
import type { ShownPage } from '../../../support/shown-page.js';

/** The rules, from their own objects. */
export function rules({ page, open }: ShownPage): void {
  it('lists every rule, and draws the smallest route that breaks the one that is chosen', async () => {
    await open('?view=rules');
    expect(await page().locator('.rules tbody tr').count()).toBe(allRules.length);
    await page().getByRole('link', { name: 'dropped', exact: true }).click();
    await page()
      .getByRole('heading', { name: /^dropped/ })
      .waitFor();
    const text = await page().locator('main').innerText();
    expect(text).toContain('The value was carried, then lost at a hop.');
    expect(text).toContain('Propagate baggage from agent to litellm');
    expect(await page().locator('.route .lost').count()).toBe(1);
    await page().getByRole('link', { name: 'All rules' }).click();
    await page().locator('.rules').waitFor();
  });

  it('says so where there is no such rule', async () => {
    await open('?view=rules&rule=made-up');
    expect(await page().getByRole('alert').innerText()).toBe("There is no rule 'made-up'.");
  });
}
