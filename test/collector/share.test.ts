import { describe, expect, it } from 'vitest';
import { serveConfig } from '../../collector/config.js';

const shared = { CLICKHOUSE_URL: 'http://db.example:8123' };
const shareOf = (flags: Parameters<typeof serveConfig>[0], env: NodeJS.ProcessEnv = {}): unknown =>
  serveConfig(flags, env).share;

describe('the roles of a process', () => {
  const rolesOf = (role: string): unknown => [...serveConfig({ role }, shared).roles];

  it('are one, several or all', () => {
    expect(rolesOf('receiver')).toEqual(['receiver']);
    expect(rolesOf('receiver, api')).toEqual(['receiver', 'api']);
    expect(rolesOf('all')).toEqual(['receiver', 'auditor', 'api']);
    expect([...serveConfig({}, { ...shared, WAYBILL_ROLE: 'auditor' }).roles]).toEqual(['auditor']);
    expect(() => rolesOf('reciever')).toThrow("no role 'reciever'; there are receiver, auditor, api and all");
  });

  it('need one ClickHouse for all where not every one is here', () => {
    expect(() => serveConfig({ role: 'receiver' }, {})).toThrow('CLICKHOUSE_URL');
    expect(serveConfig({ role: 'api,auditor,receiver' }, {}).clickHouse).toBeNull();
  });
});

describe('the share of an auditor', () => {
  it('is all of the traces unless it is told', () => {
    expect(shareOf({})).toEqual({ index: 0, of: 1 });
    expect(shareOf({}, { HOSTNAME: 'waybill-7' })).toEqual({ index: 0, of: 1 });
    expect(shareOf({ shard: '2/8' })).toEqual({ index: 1, of: 8 });
    expect(shareOf({ shards: '8' }, { HOSTNAME: 'waybill-auditor-7' })).toEqual({ index: 7, of: 8 });
    expect(shareOf({}, { WAYBILL_SHARDS: '3', HOSTNAME: 'a-0' })).toEqual({ index: 0, of: 3 });
    expect(shareOf({ shard: '3/3' }, { WAYBILL_SHARDS: '3', HOSTNAME: 'a-0' })).toEqual({ index: 2, of: 3 });
  });

  it('is asked for where it cannot be told', () => {
    expect(() => shareOf({ shards: '8' }, { HOSTNAME: 'db5' })).toThrow("'db5', does not end in a number");
    expect(() => shareOf({ shards: '8' })).toThrow('Say --shard 1/8');
    expect(() => shareOf({ shards: '8' }, { HOSTNAME: 'auditor-8' })).toThrow('shard 9 of 8. Raise --shards');
    expect(() => shareOf({ shard: '2/8', shards: '4' })).toThrow('do not agree');
    for (const shard of ['0/8', '9/8', '2', '2/0', '-1/8', '1/9999', 'a/b']) {
      expect(() => shareOf({ shard })).toThrow(`--shard: '${shard}'`);
    }
    for (const shards of ['0', 'x', '1.5', '2000']) expect(() => shareOf({ shards })).toThrow(`--shards: '${shards}'`);
  });

  it('does not matter to who audits nothing', () => {
    const env = { ...shared, WAYBILL_SHARDS: '8', HOSTNAME: 'db5' };
    expect(serveConfig({ role: 'receiver,api' }, env).share).toEqual({ index: 0, of: 1 });
  });
});
