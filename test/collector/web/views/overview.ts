import { gzipSync } from 'node:zlib';
import { beforeAll, expect, it } from 'vitest';
import { seriousIssues } from '../../../support/browser.js';
import type { ShownPage } from '../../../support/shown-page.js';
import { HOSTILE, NOW_US } from '../../../support/shown-page.js';
import { clean, trace } from '../../../support/trace.js';

const DAY_US = 86_400_000_000;

/** Score, gate, spend over time and gaps; and what holds for the page as a whole. */
export function overview({ page, url, errors, open, keep }: ShownPage): void {
  beforeAll(async () => {
    const number = (day: number, i: number) => day * 100 + i + 1;
    const days = [0, 1, 2, 3, 4, 5];
    await keep([
      ...days.flatMap((day) => Array.from({ length: 20 }, (_, i) => spansOf(number(day, i), day, 'gpt-4o'))),
      ...days.flatMap((day) => Array.from({ length: 4 }, (_, i) => spansOf(number(day, 30 + i), day, 'gpt-4o', {}))),
      spansOf(9_001, 1, HOSTILE, { tenant: HOSTILE }, HOSTILE),
    ]);
  });

  it('shows the gate, the score beside the row level, spend by verdict, and gaps with hop and fix', async () => {
    await open('?tenant=acme');
    const text = await page().locator('main').innerText();
    expect(text).toMatch(
      /Not ready to block[\s\S]*Observed[\s\S]*Required[\s\S]*Fix first: Propagate baggage from web/,
    );
    expect(text).toContain('144 calls');
    const scope = page().locator('.scopes tbody tr');
    await scope.getByText('not ready').waitFor();
    expect(await scope.allInnerTexts()).toEqual([
      expect.stringMatching(/acme\s+pro-monthly\s+\$0\.504\s+144[\s\S]*83\.3 % of spend is enforceable/),
    ]);
    expect(await page().locator('svg .bounds').count()).toBe(7);
    const gap = page().locator('.gaps tbody tr').filter({ hasText: 'dropped of tenant' });
    expect(await gap.first().innerText()).toMatch(/\$0\.08[\s\S]*web → gateway[\s\S]*24[\s\S]*Propagate/);
    expect(await page().locator('svg .part.enforceable').count()).toBeGreaterThan(5);
    await page().getByText('The numbers').last().click();
    expect(await page().locator('td data').first().getAttribute('title')).toMatch(/^\$\d+\.\d{12}$/);
    expect(errors()).toEqual([]);
  });

  it('says of what has no known cost that it has none, not that it is free', async () => {
    await open(`?tenant=${encodeURIComponent(HOSTILE)}`);
    const text = await page().locator('main').innerText();
    expect(text).toContain('none known');
    expect(text).toContain('not drawn: 1 of unknown cost');
  });

  it('keeps scope and time in the address, so that whoever opens it sees the same', async () => {
    await open();
    await page().getByRole('textbox', { name: 'Tenant' }).fill('acme');
    await page().getByRole('button', { name: 'Show', exact: true }).click();
    await page().locator('select[name=since]').selectOption('30d');
    expect(new URL(page().url()).search).toBe('?tenant=acme&since=30d');
    await open('?tenant=acme&since=30d');
    expect(await page().getByRole('textbox', { name: 'Tenant' }).inputValue()).toBe('acme');
    expect(await page().locator('select[name=since]').inputValue()).toBe('30d');
    await page().getByRole('button', { name: 'Show all' }).click();
    expect(new URL(page().url()).search).toBe('?since=30d');
    await page().goBack();
    expect(await page().getByRole('textbox', { name: 'Tenant' }).inputValue()).toBe('acme');
  });

  it('refuses inline scripts', async () => {
    await open();
    await page().evaluate(
      "const s = document.createElement('script'); s.textContent = 'window.inline = 1'; document.body.append(s)",
    );
    expect(await page().evaluate('window.inline')).toBeUndefined();
    expect(errors().join()).toContain('Content Security Policy');
  });

  it('says what to do where there are no calls, and what was wrong with a question', async () => {
    await page().goto(`${url()}?tenant=nobody`);
    await page().getByText('No audited calls here yet').waitFor();
    expect(await page().locator('main').innerText()).toContain('OTEL_EXPORTER_OTLP_ENDPOINT');
    expect(await seriousIssues(page())).toEqual([]);
    await page().goto(`${url()}?since=soon`);
    expect(await page().getByRole('alert').innerText()).toContain("'since': must be a span of time");
  });

  it('leaves no evidence behind by being looked at', async () => {
    await open();
    const response = await fetch(`${url()}v1/gate/history`);
    expect(await response.json()).toEqual({ answers: [] });
  });

  it('comes with everything it needs in less than 150 KB of script, and asks nobody else', async () => {
    const asked: string[] = [];
    let scriptBytes = 0;
    page().on('request', (request) => asked.push(request.url()));
    page().on('response', async (response) => {
      if (response.url().endsWith('.js')) scriptBytes += gzipSync(await response.body()).length;
    });
    await open();
    expect(asked.filter((one) => !one.startsWith(url()) && !one.startsWith('data:'))).toEqual([]);
    expect(scriptBytes).toBeGreaterThan(1_000);
    expect(scriptBytes).toBeLessThan(150_000);
  });

  it('can be used within a second: so long the browser works at most until everything is shown', async () => {
    const session = await page().context().newCDPSession(page());
    await session.send('Performance.enable');
    await open('?tenant=acme');
    const { metrics } = await session.send('Performance.getMetrics');
    const secondsOf = (name: string) => metrics.find((one) => one.name === name)?.value ?? Number.NaN;
    expect(secondsOf('ScriptDuration')).toBeGreaterThan(0);
    expect(secondsOf('TaskDuration')).toBeLessThan(1);
  });
}

/** A call by way of web and a gateway; what arrives at the gateway can be told. */
function spansOf(
  id: number,
  daysAgo: number,
  model: string,
  arriving: { tenant?: string; feature?: string; policy?: string } = clean,
  gateway = 'gateway',
) {
  const startUs = NOW_US - 3_600_000_000 - daysAgo * DAY_US;
  const start = { startUs, endUs: startUs + 900_000 };
  return trace(id)
    .station('web', arriving.tenant === HOSTILE ? { ...clean, tenant: HOSTILE } : clean, start)
    .station(gateway, arriving, start)
    .call(model, undefined, { ...arriving, span: start }).spans;
}
