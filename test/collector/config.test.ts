import { describe, expect, it } from 'vitest';
import { serveConfig } from '../../collector/config.js';

describe('the configuration of waybill serve', () => {
  it('has defaults for everything', () => {
    expect(serveConfig({}, {})).toEqual({
      roles: new Set(['receiver', 'auditor', 'api']),
      share: { index: 0, of: 1 },
      host: '127.0.0.1',
      otlpPort: 4318,
      grpcPort: 4317,
      apiPort: 4319,
      clickHousePort: 8123,
      clickHouseNativePort: 9000,
      clickHouseMemoryBytes: 2 * 1024 ** 3,
      dataDir: '.waybill',
      contract: null,
      quietMs: 5_000,
      questionMs: 10_000,
      drainMs: 0,
      hashUser: null,
      ownTraces: null,
      clickHouseHost: '127.0.0.1',
      isWide: false,
      tls: null,
      retention: { spanDays: 30, callDays: 400 },
      clickHouse: null,
      logLevel: 'info',
    });
  });

  it('takes flags before the environment, and an empty variable for none', () => {
    const env = { WAYBILL_API_PORT: '1', WAYBILL_OTLP_PORT: '2', WAYBILL_DATA: '', CLICKHOUSE_URL: '' };
    expect(serveConfig({ apiPort: '3' }, env)).toMatchObject({
      apiPort: 3,
      otlpPort: 2,
      dataDir: '.waybill',
      clickHouse: null,
    });
  });

  it('keeps spans and calls for as many days as it is told, calls no shorter than spans', () => {
    const of = (spans: string, calls = ''): unknown =>
      serveConfig({}, { WAYBILL_RETENTION_SPANS: spans, WAYBILL_RETENTION_CALLS: calls }).retention;
    expect(of('7d')).toEqual({ spanDays: 7, callDays: 400 });
    expect(of('', '90d')).toEqual({ spanDays: 30, callDays: 90 });
    expect(of('500d')).toEqual({ spanDays: 500, callDays: 500 });
    expect(() => of('30d', '7d')).toThrow('Give it as many or more');
    for (const text of ['1d', '0d', '-3d', '12h', '2.5d', '7', '9999d', '7d; DROP']) {
      expect(() => of(text)).toThrow('WAYBILL_RETENTION_SPANS');
    }
  });

  it('reads memory, times and a server of ClickHouse', () => {
    const env = {
      WAYBILL_CLICKHOUSE_MEMORY: '512MiB',
      WAYBILL_QUIET: '2m',
      CLICKHOUSE_URL: 'http://ann:secret@db.example:8123/spend',
    };
    expect(serveConfig({}, env)).toMatchObject({
      clickHouseMemoryBytes: 512 * 1024 ** 2,
      quietMs: 120_000,
      clickHouse: { url: 'http://db.example:8123', username: 'ann', password: 'secret', database: 'spend' },
    });
  });

  it('names the flag or the variable that is wrong, whichever was used', () => {
    expect(() => serveConfig({ clickhouseNativePort: '70000' }, {})).toThrow(/^--clickhouse-native-port: '70000'/);
    expect(() => serveConfig({}, { WAYBILL_CLICKHOUSE_NATIVE_PORT: 'x' })).toThrow(/^WAYBILL_CLICKHOUSE_NATIVE_PORT: /);
    expect(() => serveConfig({ otlpPort: '0' }, {})).toThrow(/^--otlp-port: /);
    expect(() => serveConfig({ grpcPort: 'no' }, {})).toThrow(/^--grpc-port: /);
    expect(() => serveConfig({ quiet: 'long' }, {})).toThrow(/^--quiet: /);
    expect(() => serveConfig({ logLevel: 'loud' }, {})).toThrow(/no log level 'loud'/);
    expect(() => serveConfig({}, { WAYBILL_CLICKHOUSE_MEMORY: '1MiB' })).toThrow(/^WAYBILL_CLICKHOUSE_MEMORY: /);
    expect(() => serveConfig({}, { CLICKHOUSE_URL: 'tcp://x:9000' })).toThrow(/^CLICKHOUSE_URL /);
  });

  it('listens on loopback alone', () => {
    for (const host of ['0.0.0.0', '::', '192.168.0.1', 'example.com', '127.evil.example', '']) {
      const ask = () => serveConfig({ host }, {});
      expect(ask, host).toThrow(/^Refusing to listen on /);
    }
    expect(() => serveConfig({ tlsCert: 'a.pem' }, {})).toThrow(/give both/);
    const secure = serveConfig({ host: '0.0.0.0', tlsCert: 'a.pem', tlsKey: 'b.pem' }, {});
    expect(secure).toMatchObject({ isWide: true, clickHouseHost: '127.0.0.1', tls: { clientCa: null } });
    expect(serveConfig({ host: '0.0.0.0' }, { WAYBILL_BEHIND_PROXY: 'true' }).isWide).toBe(true);
    for (const host of ['127.0.0.1', '127.0.0.2', '::1', 'localhost']) {
      expect(serveConfig({ host }, {}).host).toBe(host);
    }
  });
});
