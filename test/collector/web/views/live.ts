import { expect, it } from 'vitest';
import type { ShownPage } from '../../../support/shown-page.js';
import { anHourAgo } from '../../../support/shown-page.js';
import { clean, trace } from '../../../support/trace.js';

/** What comes while the page is open. */
export function live({ page, url, keep }: ShownPage): void {
  const callOf = (id: number) =>
    trace(id)
      .station('web', { ...clean, tenant: 'newcomer' }, anHourAgo)
      .call('gpt-4o', undefined, { span: anHourAgo }).spans;

  it('turns from nothing into data, and then into more, without being loaded again', async () => {
    await page().goto(`${url()}?tenant=newcomer`);
    await page().getByText('No audited calls here yet').waitFor();
    await page().getByText('Live', { exact: true }).waitFor();
    await page().evaluate('window.isSamePage = true');
    // What is audited before the server has looked the first time is no news to it.
    await expect
      .poll(
        async () => {
          await keep([callOf(30_001)]);
          return page().getByText('1 call,').isVisible();
        },
        { timeout: 15_000 },
      )
      .toBe(true);
    await keep([callOf(30_002)]);
    await page().getByText('2 calls,').waitFor();
    expect(await page().evaluate('window.isSamePage')).toBe(true);
  });
}
