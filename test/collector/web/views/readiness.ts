import { readFile } from 'node:fs/promises';
import { beforeAll, expect, it } from 'vitest';
import type { ShownPage } from '../../../support/shown-page.js';
import { anHourAgo, NOW_US } from '../../../support/shown-page.js';
import { clean, trace } from '../../../support/trace.js';

const SCOPE = '?tenant=umbrella&policy=pro-monthly&view=readiness';

/** The gate per tenant and policy, what blocking would have done, and the evidence. */
export function readiness({ page, url, errors, open, keep, decided }: ShownPage): void {
  beforeAll(async () => {
    // Sixty calls of $0.042 are over the limit of $2 a month, and three in four of them lose their tenant.
    await keep(Array.from({ length: 60 }, (_, i) => callOf(50_000 + i, i % 4 > 0)));
  });

  const main = () => page().locator('main');
  const save = async (button: string): Promise<{ name: string; text: string }> => {
    const [file] = await Promise.all([
      page().waitForEvent('download'),
      page().getByRole('button', { name: button }).click(),
    ]);
    return { name: file.suggestedFilename(), text: await readFile(await file.path(), 'utf8') };
  };

  it('lists a tenant that its calls have lost on the way, and leads to its checks', async () => {
    await open('?view=readiness');
    const row = main().locator('.scopes tbody tr').filter({ hasText: 'umbrella' });
    await row.getByText('not ready').waitFor();
    expect(await row.innerText()).toMatch(
      /umbrella\s+pro-monthly\s+\$2\.52\s+60\s+\d+\.\d\s+✕ not ready\s+25 % of spend is enforceable/,
    );
    await row.getByRole('link', { name: 'umbrella' }).click();
    await page().getByRole('heading', { name: 'Checks for tenant umbrella, policy pro-monthly' }).waitFor();
    expect(new URL(page().url()).search).toBe(SCOPE);
    const checks = main().locator('.checks tbody tr');
    expect(await checks.count()).toBe(7);
    expect(await checks.filter({ hasText: 'Enforceable spend' }).innerText()).toMatch(
      /does not hold[\s\S]*25 %[\s\S]*lower bound at least 90 %/,
    );
    expect(errors()).toEqual([]);
  });

  it('shows what was decided in shadow beside what was spent, where somebody asked', async () => {
    await open('?policy=left-over&view=readiness');
    expect(await main().getByRole('heading', { name: 'Decisions beside what was spent' }).count()).toBe(0);
    const decidedUs = NOW_US - 3_600_000_000;
    await decided({
      id: 'd'.repeat(32),
      decidedUs,
      expiresUs: decidedUs + 1_000_000,
      tenant: 'long-gone',
      feature: '',
      policy: 'left-over',
      mode: 'shadow',
      answer: 'allow',
      would: 'deny',
      reason: 'over-limit',
      isReserved: true,
      isStale: false,
      estimatedPico: 1_000_000_000_000n,
      usedUsd: '10.000000000000',
      limitUsd: '10.000000000000',
      periodFromUs: decidedUs,
      traceId: '',
      callId: '',
      who: 'local',
    });
    await open('?policy=left-over&view=readiness');
    const row = main().getByRole('region', { name: 'Decisions beside what was spent' }).locator('tbody tr');
    expect(await row.innerText()).toMatch(/left-over\s+shadow\s+1\s+1\s+1\s+0/);
    expect(errors()).toEqual([]);
  });

  it('runs the what-if when it is told to, and exports everything as one file that runs nothing', async () => {
    await open(SCOPE);
    await page().getByRole('button', { name: 'Run the what-if' }).click();
    await main().locator('.simulated').waitFor();
    expect(await main().locator('.simulated tbody tr').innerText()).toMatch(/pro-monthly\s+\$2\.00 per month/);
    // The policy is for any tenant, so it counts those calls too that have lost theirs.
    expect(await main().locator('.simulated-tenants tbody tr').innerText()).toMatch(
      /umbrella\s+pro-monthly\s+none\s+none\s+none\s+\$\d/,
    );
    const html = await save('Export as HTML');
    expect(html.name).toBe('waybill-evidence-umbrella-pro-monthly.html');
    expect(html.text).toContain('Not ready to block: tenant umbrella, policy pro-monthly');
    expect(html.text).toContain('lower bound at least 90 %');
    expect(html.text).toContain('Had blocking been on');
    expect(html.text).toContain('The same by tenant and policy');
    expect(html.text).toContain('web → gateway');
    expect(html.text).not.toMatch(/<script|src=|href=|@import|url\(/);
    const markdown = await save('Export as Markdown');
    expect(markdown.text).toMatch(/^# Not ready to block: tenant umbrella, policy pro-monthly\n/);
    expect(markdown.text).toMatch(/\| Enforceable spend \| does not hold \| .*25 %/);
  });

  it('keeps an answer as evidence when it is told to', async () => {
    await open('?tenant=umbrella&view=readiness&since=30d');
    await page().getByText('None for exactly this scope').waitFor();
    await page().getByRole('button', { name: 'Ask the gate and keep the answer' }).click();
    await main().locator('[aria-labelledby=history] tbody tr').waitFor();
    const response = await fetch(`${url()}v1/gate/history?tenant=umbrella`);
    expect(await response.json()).toEqual({ answers: [expect.objectContaining({ askedAt: expect.any(String) })] });
  });

  it('says why there is nothing to replay', async () => {
    await open('?policy=made-up&view=readiness');
    await page().getByRole('button', { name: 'Run the what-if' }).click();
    expect(await page().getByRole('alert').innerText()).toBe("The contract in force has no policy 'made-up'.");
  });
}

function callOf(id: number, isLost: boolean) {
  const whole = { ...clean, tenant: 'umbrella' };
  const arriving = isLost ? { feature: clean.feature, policy: clean.policy } : whole;
  return trace(id)
    .station('web', whole, anHourAgo)
    .station('gateway', arriving, anHourAgo)
    .call('gpt-4o', { inputTokens: 12_000, outputTokens: 1_200 }, { ...arriving, span: anHourAgo }).spans;
}
