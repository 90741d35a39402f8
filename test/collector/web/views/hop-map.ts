import { beforeAll, expect, it } from 'vitest';
import type { ShownPage } from '../../../support/shown-page.js';
import { anHourAgo } from '../../../support/shown-page.js';
import type { CarriedValues } from '../../../support/trace.js';
import { clean, trace } from '../../../support/trace.js';

/** Services, the hops between them, and what survives each. */
export function hopMap({ page, url, open, keep }: ShownPage): void {
  beforeAll(async () => {
    const whole = { ...clean, tenant: 'hooli' };
    const withoutTenant = { feature: clean.feature, policy: clean.policy };
    const many = (first: number, count: number, ...stations: [string, CarriedValues][]) =>
      Array.from({ length: count }, (_, i) => spansOf(first + i, stations));
    await keep([
      ...many(10_100, 30, ['web', whole], ['agent', whole], ['gateway', whole]),
      ...many(10_200, 10, ['web', whole], ['agent', withoutTenant], ['gateway', withoutTenant]),
      ...many(10_300, 12, ['batch', whole], ['gateway', {}]),
      ...many(10_400, 8, ['web', whole], ['search', whole]),
    ]);
  });

  const edge = (name: string) => page().getByRole('link', { name: `${name}:` });

  it('shows at each hop how much is still attributed, a loss all the way down', async () => {
    await open('?view=hops&attribute=tenant&tenant=hooli');
    expect(await edge('web to agent').getAttribute('aria-label')).toBe('web to agent: 75.0 % · $0.14 of 40 calls');
    expect(await edge('agent to gateway').getAttribute('aria-label')).toContain('75.0 %');
    expect(await edge('batch to gateway').getAttribute('aria-label')).toContain(': 0.0 %');
    expect(await edge('web to search').getAttribute('aria-label')).toContain('100.0 %');
  });

  it('says so where no call crosses a hop', async () => {
    await page().goto(`${url()}?view=hops&tenant=nobody`);
    await page().getByText('No call crosses a hop here').waitFor();
  });

  it('is drawn for the attribute that is chosen, and keeps it in the address', async () => {
    await open('?tenant=hooli&view=hops');
    await page().locator('select[name=attribute]').selectOption('feature');
    expect(await edge('web to agent').getAttribute('aria-label')).toContain('100.0 %');
    expect(new URL(page().url()).search).toBe('?tenant=hooli&view=hops&attribute=feature');
  });

  it('shows the gaps of a hop that is chosen by keyboard, and leads to a sample trace', async () => {
    await open('?tenant=hooli&view=hops');
    await edge('web to agent').focus();
    await page().keyboard.press('Enter');
    await page().getByText('Gaps at web → agent').waitFor();
    const rows = page().locator('.gaps tbody tr');
    expect(await rows.allInnerTexts()).toEqual([expect.stringMatching(/dropped of tenant[\s\S]*10/)]);
    const { search } = new URL(page().url());
    expect(search).toBe('?tenant=hooli&view=hops&from=web&to=agent');
    await open(search);
    await page().getByText('Gaps at web → agent').waitFor();
    await page().getByRole('link', { name: 'Sample trace' }).click();
    await page().getByRole('heading', { name: 'One trace, station by station' }).waitFor();
    expect(new URL(page().url()).searchParams.get('trace')).toMatch(/^[0-9a-f]{32}$/);
  });
}

function spansOf(id: number, stations: readonly [string, CarriedValues][]) {
  const [[first, carried] = ['web', clean], ...others] = stations;
  let place = trace(id).station(first, carried, anHourAgo);
  let last: CarriedValues = carried;
  for (const [service, values] of others) {
    place = place.station(service, values, anHourAgo);
    last = values;
  }
  return place.call('gpt-4o', undefined, { ...last, span: anHourAgo }).spans;
}
