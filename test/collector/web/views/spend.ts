import { readFile } from 'node:fs/promises';
import { beforeAll, expect, it } from 'vitest';
import type { ShownPage } from '../../../support/shown-page.js';
import { HOSTILE, NOW_US } from '../../../support/shown-page.js';
import { clean, trace } from '../../../support/trace.js';

const DAY_US = 86_400_000_000;
const MODELS = { openai: 'gpt-4o', anthropic: 'claude-sonnet-4-5', deepseek: 'deepseek-chat' } as const;

/** Spend by one dimension or two, as table, picture and file. */
export function spend({ page, errors, open, keep }: ShownPage): void {
  beforeAll(async () => {
    const providers = ['openai', 'anthropic', 'deepseek'] as const;
    const users = ['ada', 'bob', undefined];
    let id = 40_000;
    await keep([
      ...[0, 1, 2].flatMap((daysAgo) =>
        providers.flatMap((provider) => users.map((user) => callOf((id += 1), daysAgo, provider, user))),
      ),
      callOf(41_000, 0, 'openai', '=HYPERLINK("x")', 'made-up-model'),
      callOf(41_001, 0, 'openai', HOSTILE),
    ]);
  });

  const main = () => page().locator('main');
  const lineOf = (name: string) => main().locator('.spend tbody tr, .spend tfoot tr').filter({ hasText: name });

  it('shows spend per user and day in one click, with what nobody is named for and what is unknown in lines of their own', async () => {
    await open('?tenant=spender&view=spend');
    await page().getByRole('link', { name: 'per user and day' }).click();
    await lineOf('ada').waitFor();
    expect(new URL(page().url()).search).toBe('?tenant=spender&view=spend&by=user%2Cday');
    const today = new Date(NOW_US / 1_000 - 3_600_000).toISOString().slice(0, 10);
    const days = await main().locator('.spend thead th').allInnerTexts();
    expect(days.slice(0, 4)).toEqual(['user', 'Spend', 'Share', 'Calls']);
    expect(days.slice(4)).toHaveLength(3);
    expect(days.at(-1)).toBe(today);
    expect(await lineOf('no user').locator('td').nth(2).innerText()).toBe('9');
    expect(await lineOf('unknown cost').locator('td').first().innerText()).toBe('unknown');
    expect(await lineOf('=HYPERLINK').locator('td').first().innerText()).toBe('unknown');
    expect(await main().locator('svg[role=img] .part.unattributed').count()).toBe(3);
    expect(errors()).toEqual([]);
  });

  it('shows what each provider costs, its sum exact where it is pointed at', async () => {
    await open('?tenant=spender&view=spend&by=provider');
    const exact = await lineOf('openai').locator('data').first().getAttribute('value');
    // Ten calls of 1000 input tokens at 2.50 and 100 output tokens at 10 dollars a million.
    expect(exact).toBe('0.035000000000');
    expect(await lineOf('openai').locator('data').first().getAttribute('title')).toBe('$0.035000000000');
    expect(await lineOf('openai').innerText()).toContain('+ 1?');
    expect(await lineOf('all').locator('td').nth(2).innerText()).toBe('29');
  });

  it('is chosen by two lists, and kept in the address', async () => {
    await open('?tenant=spender&view=spend');
    await page().locator('select[name=first]').selectOption('provider');
    await page().locator('select[name=second]').selectOption('model');
    await lineOf('anthropic').waitFor();
    expect(new URL(page().url()).searchParams.get('by')).toBe('provider,model');
    expect(await main().locator('.spend thead').innerText()).toContain('claude-sonnet-4-5');
  });

  it('is handed out as CSV with exact amounts, in which no name is a formula', async () => {
    await open('?tenant=spender&view=spend&by=user');
    const [file] = await Promise.all([
      page().waitForEvent('download'),
      page().getByRole('button', { name: 'Download CSV' }).click(),
    ]);
    expect(file.suggestedFilename()).toBe('spend-user.csv');
    const rows = (await readFile(await file.path(), 'utf8')).split('\r\n');
    expect(rows[0]).toBe('user,cost_usd,calls,calls_of_unknown_cost');
    expect(rows).toContainEqual(expect.stringMatching(/^,\d+\.\d{12},9,0$/));
    expect(rows).toContain(`"'=HYPERLINK(""x"")",0.000000000000,1,1`);
  });
}

function callOf(id: number, daysAgo: number, provider: keyof typeof MODELS, user?: string, model?: string) {
  const startUs = NOW_US - 3_600_000_000 - daysAgo * DAY_US;
  const start = { startUs, endUs: startUs + 900_000 };
  const carried = { ...clean, tenant: 'spender', ...(user === undefined ? {} : { user }) };
  return trace(id)
    .station('web', carried, start)
    .station('gateway', carried, start)
    .call(model ?? MODELS[provider], undefined, { ...carried, span: start, facts: { provider } }).spans;
}
