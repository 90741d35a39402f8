import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gatewayRecords as records } from '../../support/gateway-records.js';
import type { TestApi } from '../../support/api.js';
import { startTestApi } from '../../support/api.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';

let test: TestStore;
let api: TestApi;
beforeAll(async () => {
  test = await startTestStore();
  api = await startTestApi(test.store, contract(), () => Date.now() * 1_000);
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await test[Symbol.asyncDispose]();
});

async function send(gateway: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) {
  const response = await fetch(`${api.url}/v1/payloads/${gateway}`, { method: 'POST', body, headers });
  return { status: response.status, body: await response.json() };
}

async function stored(gateway: string): Promise<unknown[]> {
  return test.store.rows(
    'SELECT record_id, model, toString(charged_usd) AS charged FROM payloads FINAL WHERE gateway = {gateway: String} ORDER BY record_id',
    { gateway },
  );
}

describe('POST /v1/payloads/{gateway}', () => {
  it('takes one record, a list, or one a line, gzipped or not, and each record once', async () => {
    const one = JSON.stringify(records.litellm);
    const other = JSON.stringify({ ...records.litellm, id: 'chatcmpl-2' });
    expect(await send('litellm', one)).toEqual({ status: 200, body: { accepted: 1, rejected: 0, reasons: [] } });
    expect((await send('litellm', `[${one}, ${other}]`)).body).toMatchObject({ accepted: 2 });
    expect((await send('litellm', `${one}\n\n${other}\n`)).body).toMatchObject({ accepted: 2 });
    const packed = new Uint8Array(gzipSync(one));
    expect((await send('litellm', packed, { 'content-encoding': 'gzip' })).body).toMatchObject({ accepted: 1 });
    expect(await stored('litellm')).toEqual([
      { record_id: 'chatcmpl-1', model: 'gpt-4o', charged: '0.0025' },
      { record_id: 'chatcmpl-2', model: 'gpt-4o', charged: '0.0025' },
    ]);
  });

  it('lets what is completed take the place of what was only settled', async () => {
    await send('langwatch', JSON.stringify({ ...records.langwatch, event_id: 'evt-0', status: 'settled' }));
    expect(await stored('langwatch')).toEqual([
      { record_id: 'grq-1', model: 'anthropic.claude-sonnet-4-5', charged: null },
    ]);
    await send('langwatch', JSON.stringify(records.langwatch));
    expect(await stored('langwatch')).toEqual([
      { record_id: 'grq-1', model: 'anthropic.claude-sonnet-4-5', charged: '0.002100001' },
    ]);
    // The first step may come late, and takes nothing back.
    await send('langwatch', JSON.stringify({ ...records.langwatch, event_id: 'evt-0', status: 'settled' }));
    expect(await stored('langwatch')).toMatchObject([{ charged: '0.002100001' }]);
  });

  it('keeps the good ones of a request, and says why the others are not taken', async () => {
    const body = JSON.stringify([{ hello: 1 }, records.kong, 7]);
    expect(await send('kong', body)).toEqual({
      status: 200,
      body: {
        accepted: 1,
        rejected: 2,
        reasons: [
          { index: 0, reason: expect.stringContaining('has not the form of a log of kong') },
          { index: 2, reason: expect.stringContaining('has not the form') },
        ],
      },
    });
  });

  it('refuses what cannot be read, and says what is wrong', async () => {
    const message = (text: RegExp) => ({ error: { message: expect.stringMatching(text) } });
    expect(await send('acme', '{}')).toMatchObject({ status: 400, body: message(/taken from: litellm, /) });
    expect(await send('kong', '{}\nnot json')).toMatchObject({ status: 400, body: message(/line 2 is not JSON/) });
    expect(await send('kong', '')).toMatchObject({ status: 400, body: message(/The request is empty/) });
    expect(await send('kong', '{}')).toMatchObject({ status: 400, body: message(/has not the form/) });
    expect(await send('kong', 'x', { 'content-encoding': 'gzip' })).toMatchObject({ status: 400 });
    const bomb = new Uint8Array(gzipSync(Buffer.alloc(70 * 1024 ** 2, 0x20)));
    expect(await send('kong', bomb, { 'content-encoding': 'gzip' })).toMatchObject({
      status: 413,
      body: message(/too large/),
    });
  });
});
