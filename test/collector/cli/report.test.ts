import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { csvReport } from '../../../collector/cli/report/csv.js';
import { htmlReport } from '../../../collector/cli/report/html.js';
import { markdownReport } from '../../../collector/cli/report/markdown.js';
import { paint } from '../../../collector/cli/paint.js';
import { prettyReport } from '../../../collector/cli/report/pretty.js';
import type { Report } from '../../../collector/cli/report/report.js';
import { askReport } from '../../../collector/cli/report/report.js';
import type { TestApi } from '../../support/api.js';
import { startTestApi } from '../../support/api.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { storeAudits } from '../../support/store-audits.js';
import { clean, trace } from '../../support/trace.js';
import { waybill } from '../../support/waybill.js';

const NOW_US = Math.floor(Date.now() / 1_000) * 1_000_000;
const at = { startUs: NOW_US - 3_600_000_000, endUs: NOW_US - 3_599_000_000 };

/** Names that a browser, a spreadsheet, a terminal or Markdown might obey. */
const HOSTILE = '<img src=x onerror=alert(1)>"\'|`[x](javascript:1)';
const FORMULA = '=HYPERLINK("http://evil","x")';

const judged = contract({
  services: { web: { role: 'entry' } },
  policies: [{ id: 'pro-monthly', match: {}, limit: { usd: 1, per: 'month' }, alerts: [0.5] }],
});

const { feature, policy } = clean;
const call = { span: at };
const routes = [
  ...[1, 2, 3].map(
    (n) => trace(n).station('web', clean, at).station('gateway', clean, at).call('gpt-4o', undefined, call).spans,
  ),
  trace(4).station('web', clean, at).station('gateway', { feature, policy }, at).call('gpt-4o', null, call).spans,
  ...[HOSTILE, FORMULA].map(
    (tenant, i) =>
      trace(10 + i)
        .station('web', { ...clean, tenant }, at)
        .call('gpt-4o', undefined, call).spans,
  ),
];

let test: TestStore;
let api: TestApi;
let report: Report;
beforeAll(async () => {
  test = await startTestStore();
  await storeAudits(test.store, judged, routes, NOW_US);
  api = await startTestApi(test.store, judged, () => NOW_US);
  report = await askReport(api.url, { scope: {}, since: '24h', by: 'tenant,model', limit: '100' });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await test[Symbol.asyncDispose]();
});

async function answer(path: string): Promise<object> {
  return z.looseObject({}).parse(await (await fetch(`${api.url}/v1/${path}`)).json());
}

describe('waybill report', () => {
  it('says the same as the API that the page asks', async () => {
    const { code, stdout } = await waybill([
      'report',
      '--url',
      api.url,
      '--since',
      '24h',
      '--by',
      'tenant,model',
      '--format',
      'json',
    ]);
    const printed = z.looseObject({}).parse(JSON.parse(stdout));
    expect(printed).toMatchObject({
      ...(await answer('score?since=24h')),
      ...(await answer('spend?since=24h&by=tenant,model')),
      ...(await answer('gaps?since=24h')),
      ...(await answer('budgets')),
      gate: await answer('gate?since=24h&keep=false'),
    });
    expect(printed).toMatchObject({ ...report, madeAt: expect.any(String) });
    expect(code).toBe(1);
    expect(await answer('gate/history')).toEqual({ answers: [] });
  });

  it('asks about a scope, and leaves as the gate does', async () => {
    const nobody = await waybill(['report', '--url', api.url, '--tenant', 'nobody']);
    expect(nobody.code).toBe(3);
    expect(nobody.stdout).toContain('No call in this scope and window.');
    const wrong = await waybill(['report', '--url', api.url, '--by', 'team']);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("'by") });
  });

  it('shows a person score beside row level, gaps with fixes, spend and budgets', () => {
    const text = prettyReport(report, paint({ isTTY: false }, {}));
    expect(text).toMatch(/^Not ready to block {2}everything, last 24h/);
    expect(text).toMatch(/Row level .*what a dashboard shows/);
    expect(text).toMatch(
      /error +dropped +tenant +web → gateway +1 +\$0\.00 .* UTC {2}Propagate baggage from web to gateway/,
    );
    expect(text).toMatch(/acme +gpt-4o +3 +\$0\.0105\n/);
    expect(text).toMatch(/\(unattributed\) +gpt-4o +1 +\$0\.00 +1\n/);
    expect(text).toMatch(/pro-monthly +\$1\.00 a month +\$0\.0175 +1\.7 %/);
  });

  it('is an HTML file that needs nothing else and obeys no name', () => {
    const html = htmlReport(report);
    expect(html).toMatch(/^<!doctype html>/);
    expect(html).not.toContain('<img');
    expect(html).not.toMatch(/<script|<link|src=[^x]|url\(|@import/);
    expect(html).toContain('&#60;img src=x onerror=alert(1)&#62;');
    expect(html).toContain("default-src 'none'");
    for (const tag of ['th', 'td', 'tr', 'table', 'h2', 'div', 'main']) {
      const [opened, closed] = [new RegExp(`<${tag}[ >]`, 'g'), new RegExp(`</${tag}>`, 'g')];
      expect([...html.matchAll(opened)].length, tag).toBe([...html.matchAll(closed)].length);
    }
  });

  it('is Markdown in which no name breaks a table or becomes a link', () => {
    const text = markdownReport(report);
    const rows = text.split('\n').filter((line) => line.startsWith('| ') && line.includes('gpt-4o'));
    expect(rows).toHaveLength(4);
    for (const row of rows) expect(row.replaceAll(/\\./g, '').split('|')).toHaveLength(7);
    expect(text.replaceAll(/\\./g, '')).not.toMatch(/<|\[/);
  });

  it('is CSV with amounts to the last digit, in which no name is a formula', () => {
    const [head, ...rows] = csvReport(report).split('\r\n');
    expect(head).toBe('tenant,model,calls,cost_usd,unknown_cost_calls');
    expect(rows).toContain('acme,gpt-4o,3,0.010500000000,0');
    expect(rows).toContain(',gpt-4o,1,0.000000000000,1');
    expect(rows.some((row) => row.startsWith(`"'=HYPERLINK(""http`))).toBe(true);
  });
});
