import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectStore, parseClickHouseUrl, passingErrors } from '../../../collector/store/client.js';
import { QueryRefused, StoreUnavailable } from '../../../collector/store/errors.js';
import { freePort } from '../../support/free-port.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';

let test: TestStore;
beforeAll(async () => {
  test = await startTestStore();
});
afterAll(async () => {
  await test[Symbol.asyncDispose]();
});

async function failureOf(action: Promise<unknown>): Promise<unknown> {
  return action.then(
    () => 'it did not fail',
    (error: unknown) => error,
  );
}

describe('the store', () => {
  it('gives back the bytes of the rows that were inserted', async () => {
    await test.store.command('CREATE TABLE bytes (a UInt8, b String) ENGINE = MergeTree ORDER BY a');
    const rows = new Uint8Array([1, 2, 0x68, 0x69, 2, 0]);
    await test.store.insertRowBinary('bytes', ['a', 'b'], rows);
    expect(await test.store.rows('SELECT a, b FROM bytes ORDER BY a')).toEqual([
      { a: 1, b: 'hi' },
      { a: 2, b: '' },
    ]);
    expect([...(await test.store.selectRowBinary('SELECT a, b FROM bytes ORDER BY a'))]).toEqual([...rows]);
  });

  it('answers an insert when it is written, though servers gather inserts by default', async () => {
    expect(
      await test.store.rows(
        `SELECT name, value FROM system.settings
         WHERE name IN ('async_insert', 'wait_for_async_insert') ORDER BY name`,
      ),
    ).toEqual([
      { name: 'async_insert', value: '0' },
      { name: 'wait_for_async_insert', value: '1' },
    ]);
  });

  it('inserts nothing of a body that breaks off', async () => {
    await test.store.command('CREATE TABLE broken (a UInt8, b String) ENGINE = MergeTree ORDER BY a');
    const failure = await failureOf(
      test.store.insertRowBinary('broken', ['a', 'b'], new Uint8Array([1, 2, 0x68, 0x69, 2, 200, 0x68])),
    );
    expect(failure).toBeInstanceOf(QueryRefused);
    expect(await test.store.rows('SELECT count() AS rows FROM broken')).toEqual([{ rows: '0' }]);
  });

  it('binds values, so that none of them can be SQL', async () => {
    const value = "' OR 1 = 1 --\t\\' \n 😀";
    expect(await test.store.rows('SELECT {value: String} AS value', { value })).toEqual([{ value }]);
  });

  it('gives 64-bit integers and decimals whole', async () => {
    expect(
      await test.store.rows("SELECT 18446744073709551615 AS a, toDecimal64('123456.000000000001', 12) AS b"),
    ).toEqual([{ a: '18446744073709551615', b: '123456.000000000001' }]);
  });

  it('gives an error and no rows when a query fails half way', async () => {
    const sql = 'SELECT number, throwIf(number = 1000000) FROM numbers(2000000)';
    expect(await failureOf(test.store.selectRowBinary(sql))).toBeInstanceOf(QueryRefused);
    expect(await failureOf(test.store.rows(sql))).toBeInstanceOf(QueryRefused);
  });
});

describe('what goes wrong', () => {
  it('is refused, with the statement named, where asking again cannot help', async () => {
    const failure = await failureOf(test.store.rows('SELECT nothing\n  FROM spans'));
    expect(failure).toBeInstanceOf(QueryRefused);
    expect(failure).toMatchObject({
      message: expect.stringMatching(/^ClickHouse refused 'SELECT nothing FROM spans': /),
    });
  });

  it('is unavailable where the server is short of memory', async () => {
    const sql = 'SELECT groupArray(number) FROM numbers(10000000) SETTINGS max_memory_usage = 1000000';
    expect(await failureOf(test.store.rows(sql))).toBeInstanceOf(StoreUnavailable);
  });

  it('is unavailable where the query takes too long', async () => {
    const sql = 'SELECT sleepEachRow(1) FROM numbers(3) SETTINGS max_execution_time = 1, max_block_size = 1';
    expect(await failureOf(test.store.rows(sql))).toBeInstanceOf(StoreUnavailable);
  });

  it('is unavailable where nothing listens', async () => {
    await using nowhere = connectStore({ ...test.address, url: `http://127.0.0.1:${await freePort()}` });
    const failure = await failureOf(nowhere.rows('SELECT 1'));
    expect(failure).toBeInstanceOf(StoreUnavailable);
    expect(failure).toMatchObject({ message: expect.stringContaining('ECONNREFUSED'), retryAfterSeconds: 2 });
  });

  it.each([
    ['a proxy that answers 502', (server: Server) => answering(server, 502, '<html>Bad gateway</html>')],
    ['a connection that breaks off', (server: Server) => server.on('request', ({ socket }) => socket.destroy())],
  ])('is unavailable behind %s', async (_, behave) => {
    const server = behave(createServer()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      await using store = connectStore({ ...test.address, url: `http://127.0.0.1:${port}` });
      expect(await failureOf(store.rows('SELECT 1'))).toBeInstanceOf(StoreUnavailable);
      expect(await failureOf(store.insertRowBinary('spans', ['day'], new Uint8Array(2)))).toBeInstanceOf(
        StoreUnavailable,
      );
    } finally {
      server.close();
    }
  });

  it('passes by the codes that ClickHouse gives these names', async () => {
    const codes = Object.keys(passingErrors).map(Number);
    const named = await test.store.rows(
      'SELECT toString(code) AS number, errorCodeToName(code) AS name FROM (SELECT arrayJoin({codes: Array(UInt32)}) AS code)',
      { codes },
    );
    expect(named).toEqual(codes.map((code) => ({ number: String(code), name: passingErrors[code] })));
  });
});

function answering(server: Server, status: number, body: string): Server {
  return server.on('request', (request, response) => {
    request.resume();
    response.writeHead(status).end(body);
  });
}

describe('CLICKHOUSE_URL', () => {
  it.each([
    ['http://127.0.0.1:8123', { url: 'http://127.0.0.1:8123', username: 'default', password: '', database: 'waybill' }],
    [
      'https://me:p%40ss%3Aword@db.example:8443/costs/',
      { url: 'https://db.example:8443', username: 'me', password: 'p@ss:word', database: 'costs' },
    ],
    ['http://[::1]:8123/w_1', { url: 'http://[::1]:8123', username: 'default', password: '', database: 'w_1' }],
  ])('%s', (text, address) => {
    expect(parseClickHouseUrl(text)).toEqual(address);
  });

  it.each([
    ['localhost', /is not a URL/],
    ['', /is not a URL/],
    ['clickhouse://localhost:9000/waybill', /begins with clickhouse:\/\//],
    ['http://localhost:8123/way-bill', /names the database 'way-bill'/],
    ['http://localhost:8123/1st', /names the database '1st'/],
    ['http://me:100%@localhost:8123', /write it as %25/],
  ])('says what is wrong with %s', (text, message) => {
    expect(() => parseClickHouseUrl(text)).toThrow(message);
  });

  it('is not repeated with its password', () => {
    for (const text of ['http://me:secret@localhost:8123/way-bill', 'tcp://me:secret@localhost:9000', 'me:secret']) {
      expect(() => parseClickHouseUrl(text)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('secret') }),
      );
    }
  });
});
