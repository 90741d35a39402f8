import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApi } from '../../support/api.js';
import { startTestApi } from '../../support/api.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';

const TIMES = { headersTimeout: 300, requestTimeout: 600, keepAliveTimeout: 300, connectionsCheckingInterval: 50 };

let test: TestStore;
let api: TestApi;
beforeAll(async () => {
  test = await startTestStore();
  api = await startTestApi(test.store, contract(), () => Date.now() * 1_000, { times: TIMES });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await test[Symbol.asyncDispose]();
});

const HEAD = 'POST /v1/payloads/kong HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n';
/** What a smuggler hides in a body: a question of its own. */
const HIDDEN = 'GET /v1/score HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';

/** Sends these bytes, then others again and again, and gives what came back until the connection was closed. */
async function speak(bytes: string, drip = ''): Promise<string> {
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
  let heard = '';
  socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')));
  socket.on('error', () => {});
  socket.write(bytes, 'latin1');
  const dripping = setInterval(() => drip !== '' && socket.write(drip), 20);
  await once(socket, 'close');
  clearInterval(dripping);
  return heard;
}

async function isStillWell(): Promise<void> {
  expect((await fetch(`${api.url}/v1/score`)).status).toBe(200);
}

describe('the API', () => {
  it.each([
    ['headers that never end', 'GET /v1/score HTTP/1.1\r\nHost: 127.0.0.1\r\n', 'X: a\r\n'],
    ['a body that comes drop by drop', `${HEAD}Content-Length: 1000000\r\n\r\n`, ' '],
    ['chunks that never end', `${HEAD}Transfer-Encoding: chunked\r\n\r\n`, '1\r\n \r\n'],
    ['a login that comes drop by drop', 'POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4000\r\n\r\n', 'a'],
  ])('does not wait for %s', async (_what, bytes, drip) => {
    const startedMs = performance.now();
    const heard = await speak(bytes, drip);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    // A login from elsewhere is refused before it is read.
    expect(heard).toMatch(/^HTTP\/1\.1 (408|403) /);
    await isStillWell();
  });

  it.each([
    ['a flood of headers', `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n${'X: aaaaaaaaaaaa\r\n'.repeat(3_000)}\r\n`, 431],
    ['both lengths', `${HEAD}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${HIDDEN}`, 400],
    ['two lengths', `${HEAD}Content-Length: 0\r\nContent-Length: ${HIDDEN.length}\r\n\r\n${HIDDEN}`, 400],
    ['a length that is no number', `${HEAD}Content-Length: +5\r\n\r\nhello${HIDDEN}`, 400],
    ['chunks of no size', `${HEAD}Transfer-Encoding: chunked\r\n\r\nZZ\r\n${HIDDEN}`, 400],
    ['chunks under another name', `${HEAD}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${HIDDEN}`, 400],
    ['a blank before a colon', `${HEAD}Content-Length : 5\r\n\r\nhello${HIDDEN}`, 400],
    ['what is no HTTP', 'hello?\r\n\r\n', 400],
  ])('refuses %s, and answers nothing that is hidden in it', async (_what, bytes, status) => {
    const heard = await speak(bytes);
    const statuses = [...heard.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, one]) => Number(one));
    expect(statuses.at(-1)).toBe(status);
    expect(statuses).not.toContain(200);
    await isStillWell();
  });
});

describe('a gateway record of a hostile shape', () => {
  const send = async (body: string | Uint8Array<ArrayBuffer>, gateway = 'litellm') => {
    const answer = await fetch(`${api.url}/v1/payloads/${gateway}`, { method: 'POST', body });
    return { status: answer.status, said: await answer.text() };
  };

  it.each([
    ['nested 10,000 deep', `${'{"metadata":'.repeat(10_000)}1${'}'.repeat(10_000)}`, /form|nested/],
    ['10,000 brackets', '['.repeat(10_000), /not JSON/],
    ['with a key that means something to JavaScript', '{"__proto__":{"id":"a"},"constructor":{"id":"a"}}', /form/],
    ['with tokens that are none', '{"id":"a","prompt_tokens":NaN}', /not JSON/],
    ['that is no UTF-8', Uint8Array.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), /UTF-8|form/],
    ['of a gateway that means something to JavaScript', '{}', /Records are taken from/, '__proto__'],
  ] as const)(
    'is refused with what is wrong, and nothing is stored: %s',
    async (_what, body, message, gateway?: string) => {
      const { status, said } = await send(body, gateway);
      expect(status).toBe(400);
      expect(said).toMatch(message);
      expect(said.length).toBeLessThan(2_000);
      expect(await test.store.rows('SELECT 1 FROM payloads')).toEqual([]);
      await isStillWell();
    },
  );
});
