import { setTimeout as sleep } from 'node:timers/promises';
import express from 'express';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auditTrace } from '../../../auditor/audit.js';
import type { AuditNews } from '../../../collector/api/audit-news.js';
import { startAuditNews } from '../../../collector/api/audit-news.js';
import { startApi } from '../../../collector/api/start-api.js';
import { writeAudits } from '../../../collector/store/audits.js';
import type { Store } from '../../../collector/store/client.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { clean, START_US, trace } from '../../support/trace.js';

const log = pino({ level: 'silent' });
const judgedBy = contract();

let test: TestStore;
let asked: number;
let store: Store;
beforeAll(async () => {
  test = await startTestStore();
  store = {
    ...test.store,
    rows: (sql, params) => {
      asked += 1;
      return test.store.rows(sql, params);
    },
  };
  await audit(1, START_US);
});
afterAll(async () => {
  await test[Symbol.asyncDispose]();
});

async function audit(id: number, auditedUs: number): Promise<void> {
  const { spans } = trace(id).station('web', clean).call('gpt-4o');
  await writeAudits(
    test.store,
    [{ audit: auditTrace([...spans], judgedBy), seenUs: [auditedUs], firstDay: '2026-11-02', earlier: null }],
    auditedUs,
  );
}

interface Served extends AsyncDisposable {
  readonly url: string;
  readonly news: AuditNews;
}

async function serve(mostListeners = 10): Promise<Served> {
  asked = 0;
  const news = startAuditNews({ store, log, intervalMs: 20, mostListeners });
  const api = await startApi(express().get('/', news.stream), '127.0.0.1', 0);
  return {
    url: `http://127.0.0.1:${api.port}/`,
    news,
    [Symbol.asyncDispose]: async () => {
      await news[Symbol.asyncDispose]();
      await api[Symbol.asyncDispose]();
    },
  };
}

/** Listens; the text grows while events come. */
async function listen(url: string) {
  const gone = new AbortController();
  const response = await fetch(url, { signal: gone.signal });
  const heard = { text: '', hasEnded: false, leave: () => gone.abort() };
  const read = async (): Promise<void> => {
    for await (const chunk of response.body ?? []) heard.text += Buffer.from(chunk).toString();
  };
  read().then(
    () => (heard.hasEnded = true),
    () => (heard.hasEnded = true),
  );
  return heard;
}

describe('the news of audits', () => {
  it('tells every listener of a new audit, also of one that shares its time with others, and of no old ones', async () => {
    await using served = await serve();
    const [one, other] = await Promise.all([listen(served.url), listen(served.url)]);
    await expect.poll(() => asked).toBeGreaterThan(2);
    expect(one.text).not.toContain('audited');
    await audit(2, START_US + 1_000_000);
    await expect.poll(() => one.text).toContain(`event: audited\ndata: ${START_US + 1_000_000}`);
    await expect.poll(() => other.text).toContain('event: audited');
    await audit(3, START_US + 1_000_000);
    await expect.poll(() => one.text.split('event: audited').length).toBe(3);
  });

  it('asks the store for all listeners together, and not at all where there is none', async () => {
    await using served = await serve();
    await sleep(60);
    expect(asked).toBe(0);
    const all = await Promise.all(Array.from({ length: 8 }, () => listen(served.url)));
    await expect.poll(() => asked).toBeGreaterThan(3);
    const [before, beganMs] = [asked, performance.now()];
    await sleep(200);
    expect(asked - before).toBeLessThanOrEqual((performance.now() - beganMs) / 20 + 1);
    for (const { leave } of all) leave();
    await expect
      .poll(async () => {
        const then = asked;
        await sleep(100);
        return asked - then;
      })
      .toBe(0);
  });

  it('turns away who would be one too many, with what to do', async () => {
    await using served = await serve(1);
    const { leave } = await listen(served.url);
    const refused = await fetch(served.url);
    expect(refused.status).toBe(503);
    expect(await refused.json()).toEqual({ error: { message: expect.stringContaining('Load the page again') } });
    leave();
    await expect
      .poll(async () => {
        const again = await listen(served.url).catch(() => null);
        const isLet = again !== null && !again.hasEnded;
        again?.leave();
        return isLet;
      })
      .toBe(true);
  });

  it('ends its connections when it is stopped, so that the API need not wait for them', async () => {
    const served = await serve();
    const heard = await listen(served.url);
    const beganMs = performance.now();
    await served[Symbol.asyncDispose]();
    expect(performance.now() - beganMs).toBeLessThan(5_000);
    await expect.poll(() => heard.hasEnded).toBe(true);
  });
});
