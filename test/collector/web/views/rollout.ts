import { expect, it } from 'vitest';
import { HOSTILE } from '../../../support/shown-page.js';
import type { ShownPage } from '../../../support/shown-page.js';

/** What was asked for, what holds, and a form to ask for something else. */
export function rollout({ page, url, errors, open, judge }: ShownPage): void {
  const main = () => page().locator('main');
  const form = () => page().getByRole('form', { name: 'Ask for another mode' });
  const rows = (table: string) => main().locator(`.${table} tbody tr`);

  it('asks for a mode in a scope, and shows what holds there and why', async () => {
    await open('?view=rollout&tenant=umbrella');
    await page().getByText('Nobody asks for a rollout').waitFor();
    expect(await form().getByLabel('Tenant').inputValue()).toBe('umbrella');
    await form().getByLabel('Mode').selectOption('enforce');
    await form().getByLabel('Why').fill('the pilot went well');
    await page().getByRole('button', { name: 'Ask for it' }).click();
    await rows('wanted').waitFor();
    expect(await rows('wanted').innerText()).toMatch(/umbrella\s+all\s+enforce\s+.*\s+local\s+the pilot went well/);
    await judge();
    await open('?view=rollout');
    const row = rows('holding').filter({ hasText: 'pro-monthly' });
    expect(await row.innerText()).toMatch(/umbrella\s+pro-monthly\s+shadow\s+enforce\s+✕ not ready/);
    expect(await row.innerText()).toContain('of spend is enforceable');
    expect(await rows('turns').filter({ hasText: 'pro-monthly' }).innerText()).toMatch(
      /umbrella\s+pro-monthly\s+turned shadow\s+waybill/,
    );
    await row.getByRole('link', { name: 'umbrella' }).click();
    await page().getByRole('heading', { name: 'Checks for tenant umbrella, policy pro-monthly' }).waitFor();
    expect(errors()).toEqual([]);
  });

  it('withdraws what was asked for, when it is told why', async () => {
    const change = { tenant: 'gone', mode: 'shadow', why: 'a try' };
    const headers = { 'content-type': 'application/json' };
    await fetch(`${url()}v1/rollouts`, { method: 'PUT', headers, body: JSON.stringify(change) });
    await open('?view=rollout');
    const row = rows('wanted').filter({ hasText: 'gone' });
    await row.getByText('Withdraw …').click();
    await row.getByLabel('Why').fill('seen enough');
    await row.getByRole('button', { name: 'Withdraw it' }).click();
    await row.waitFor({ state: 'detached' });
    expect(await rows('turns').filter({ hasText: 'withdrew it' }).innerText()).toMatch(
      /gone\s+all\s+withdrew it\s+local\s+seen enough/,
    );
    expect(errors()).toEqual([]);
  });

  it('says why something cannot be asked for', async () => {
    await open('?view=rollout');
    await form().getByLabel('Tenant').fill('umbr*');
    await form().getByLabel('Why').fill('a try');
    await page().getByRole('button', { name: 'Ask for it' }).click();
    expect(await page().getByRole('alert').innerText()).toBe("Parameter 'tenant': must be a name, or * alone for all.");
  });

  it('shows hostile reasons as text', async () => {
    const change = { tenant: HOSTILE, mode: 'shadow', why: HOSTILE };
    const headers = { 'content-type': 'application/json' };
    await fetch(`${url()}v1/rollouts`, { method: 'PUT', headers, body: JSON.stringify(change) });
    await open('?view=rollout');
    expect(await rows('wanted').filter({ hasText: HOSTILE }).count()).toBe(1);
    expect(await page().evaluate('window.broken')).toBeUndefined();
    expect(await page().locator('main img, main script').count()).toBe(0);
  });
}
