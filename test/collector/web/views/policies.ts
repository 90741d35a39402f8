import { beforeAll, expect, it } from 'vitest';
import type { ShownPage } from '../../../support/shown-page.js';
import { anHourAgo } from '../../../support/shown-page.js';
import { clean, trace } from '../../../support/trace.js';

/** Which policies fit the calls. */
export function policies({ page, errors, open, keep }: ShownPage): void {
  beforeAll(async () => {
    const whole = { ...clean, tenant: 'initech' };
    await keep([
      ...[1, 2, 3].map((i) => callBy(60_000 + i, 'gateway', whole)),
      callBy(60_010, 'side-door', whole),
      callBy(60_020, 'gateway', { ...whole, policy: 'gold' }),
    ]);
  });

  it('tells what fits from what is dead, bypassed or unknown, in dollars and by route', async () => {
    await open('?tenant=initech&view=policies');
    const row = (name: string) => page().locator('.fit tbody tr').filter({ hasText: name });
    expect(await row('pro-monthly').locator('td').allInnerTexts()).toEqual([
      'fits in part',
      expect.stringMatching(/\$0\.0105\s+3 calls/),
      expect.stringMatching(/\$0\.0035\s+1 call/),
      '–',
      '–',
      '–',
      '–',
      '–',
    ]);
    expect(await row('left-over').locator('td').first().innerText()).toBe('dead');
    expect(await row('gold').locator('td').first().innerText()).toBe('not in the contract');
    await page().getByText('Routes of pro-monthly: 2').click();
    expect(await page().getByRole('region', { name: 'Routes of pro-monthly' }).last().innerText()).toMatch(
      /bypassed\s+web → side-door\s+chat\s+\$0\.0035\s+1/,
    );
    expect(errors()).toEqual([]);
  });
}

function callBy(id: number, last: string, carried: { tenant: string; feature: string; policy: string }) {
  return trace(id)
    .station('web', carried, anHourAgo)
    .station(last, carried, anHourAgo)
    .call('gpt-4o', undefined, { ...carried, span: anHourAgo }).spans;
}
