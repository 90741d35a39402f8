import { beforeAll, expect, it } from 'vitest';
import type { GatewayRecord } from '../../../../schemas/payload.js';
import { recordSpan } from '../../../../auditor/payloads/record-span.js';
import { contract } from '../../../support/contract.js';
import type { ShownPage } from '../../../support/shown-page.js';
import { anHourAgo, HOSTILE } from '../../../support/shown-page.js';
import { callFacts, clean, trace as traceOf } from '../../../support/trace.js';

const TORN = 20_001;
const ROLLED_UP = 20_002;
const RECORDED = 20_003;
const BAD_NAMES = 20_004;
const idOf = (number: number): string => number.toString(16).padStart(32, '0');

/** One route drawn station by station, and every call of the trace. */
export function trace({ page, errors, open, keep }: ShownPage): void {
  beforeAll(async () => {
    const { tenant: _, ...withoutTenant } = clean;
    await keep([
      traceOf(TORN)
        .station('web', clean, anHourAgo)
        .station('agent', withoutTenant, anHourAgo)
        .station('gateway', withoutTenant, anHourAgo)
        .call('gpt-4o', { inputTokens: 1200, outputTokens: 300, cacheReadTokens: 1000 }, { span: anHourAgo }).spans,
      rolledUp(),
      recorded(),
      traceOf(BAD_NAMES)
        .station(HOSTILE, { ...clean, tenant: HOSTILE }, anHourAgo)
        .call(HOSTILE, undefined, { span: { ...anHourAgo, name: HOSTILE } }).spans,
    ]);
  });

  it('draws the route with the value at each station and marks the break', async () => {
    await open(`?view=trace&trace=${idOf(TORN)}`);
    const row = page().locator('.route tbody tr').filter({ hasText: 'tenant' });
    expect(await row.locator('td').allInnerTexts()).toEqual([
      expect.stringContaining('acme'),
      expect.stringMatching(/none[\s\S]*lost on the way here/),
      expect.stringContaining('none'),
      expect.stringMatching(/dropped[\s\S]*web → agent/),
    ]);
    expect(await page().locator('.route thead th').allInnerTexts()).toEqual([
      'Attribute',
      expect.stringMatching(/web[\s\S]*origin/),
      'agent',
      expect.stringMatching(/gateway[\s\S]*enforces, makes the call/),
      'Outcome',
    ]);
    const text = await page().locator('main').innerText();
    expect(text).toMatch(/Fix: Propagate baggage from web to agent, or have agent stamp it\./);
    expect(text).toContain('1,200 in (1,000 from cache) 300 out tokens');
    expect(text).toContain('genai-prices:openai/gpt-4o');
    expect(errors()).toEqual([]);
  });

  it('leads to the gaps of the hop and to the rule, and back by the browser', async () => {
    await open(`?view=trace&trace=${idOf(TORN)}`);
    await page().getByRole('link', { name: 'All gaps at web → agent' }).first().click();
    await page().getByText('Gaps at web → agent').waitFor();
    await page().goBack();
    await page().getByRole('link', { name: 'dropped' }).first().click();
    await page()
      .getByRole('heading', { name: /^dropped/ })
      .waitFor();
  });

  it('shows what repeats a cost as what it is: an echo of one call, a roll-up of several', async () => {
    await open(`?view=trace&trace=${idOf(ROLLED_UP)}`);
    const text = await page().locator('main').innerText();
    expect(text).toContain('roll-up of 2 calls: invoke_agent of agent');
    expect(text).toContain('echo: chat gpt-4o of agent');
    expect(await page().locator('.spans .tag').allInnerTexts()).toEqual(
      expect.arrayContaining(['roll-up, counted once', 'echo, counted once', 'billable call']),
    );
  });

  it('names the record of the gateway and how it was joined', async () => {
    await open(`?view=trace&trace=${idOf(RECORDED)}`);
    const text = await page().locator('main').innerText();
    expect(text).toMatch(/Gateway record\s+gateway, by the provider’s response id/);
    expect(text).toMatch(/Reported\s+\$0\.05 by the gateway/);
  });

  it('shows raw attributes on demand', async () => {
    await open(`?view=trace&trace=${idOf(TORN)}`);
    expect(await page().getByText('budget.policy.id').first().isVisible()).toBe(false);
    await page().locator('.spans summary').first().focus();
    await page().keyboard.press('Enter');
    expect(await page().locator('.raw').first().innerText()).toMatch(/tenant\.id\s+acme/);
  });

  it('finds a trace by its id, and says so where there is none', async () => {
    await open(`?view=trace&trace=${idOf(TORN)}`);
    await page().getByLabel('Trace id').fill(idOf(1));
    await page().getByLabel('Trace id').fill('f'.repeat(32));
    await page().getByRole('button', { name: 'Show' }).click();
    expect(await page().getByRole('alert').innerText()).toContain('No span of trace ffff');
  });

  it('shows hostile names as text', async () => {
    await open(`?view=trace&trace=${idOf(BAD_NAMES)}`);
    expect(await page().locator('.station').first().innerText()).toBe(HOSTILE);
    expect(await page().locator('.route .value').first().innerText()).toBe(HOSTILE);
    expect(await page().evaluate('window.broken')).toBeUndefined();
    expect(await page().locator('main img').count()).toBe(0);
  });
}

/** An agent that sums up two calls, one of which its gateway reports again. */
function rolledUp() {
  const agent = traceOf(ROLLED_UP).station('web', clean, anHourAgo).station('agent', clean, anHourAgo);
  const sum = agent.call(
    'gpt-4o',
    { inputTokens: 3000, outputTokens: 300 },
    { span: { ...anHourAgo, name: 'invoke_agent' }, facts: { operation: 'invoke_agent' } },
  );
  const asked = sum.call('gpt-4o', undefined, { ...clean, span: anHourAgo });
  asked.station('gateway', clean, anHourAgo).call('gpt-4o', undefined, { span: anHourAgo });
  return sum.call('gpt-4o', { inputTokens: 2000, outputTokens: 200 }, { ...clean, span: anHourAgo }).spans;
}

/** A call with the record that a gateway wrote of it. */
function recorded() {
  const { spans, spanId } = traceOf(RECORDED)
    .station('web', clean, anHourAgo)
    .call('gpt-4o', undefined, { span: anHourAgo, facts: { responseId: 'chatcmpl-recorded' } });
  const facts = callFacts('gpt-4o', { inputTokens: 1000, outputTokens: 100 });
  const record: GatewayRecord = {
    gateway: 'litellm',
    recordId: 'r-1',
    traceId: null,
    spanId: null,
    requestIds: [],
    ...anHourAgo,
    failed: false,
    call: { ...facts, responseId: 'chatcmpl-recorded', reportedCostUsd: '0.05' },
    vouched: ['tenant.id', 'acme'],
    claimed: [],
  };
  const place = { traceId: idOf(RECORDED), parentSpanId: spanId, by: 'response-id' } as const;
  return [...spans, recordSpan(record, place, contract({ services: { gateway: { records: 'litellm' } } }))];
}
