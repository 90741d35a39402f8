import { createHmac, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { userHashOf } from '../../../collector/privacy/hash-users.js';
import { gatewayNames } from '../../../schemas/payload.js';
import { gatewayRecords } from '../../support/gateway-records.js';
import type { StoredText } from '../../support/stored-text.js';
import { storedTextOf } from '../../support/stored-text.js';
import type { RunningWaybill } from '../../support/waybill.js';
import { startWaybill, waybill as command } from '../../support/waybill.js';
import { callSpan, requestOf, text, toJson, toProtobuf } from '../otlp/request.js';

const SECRET = randomBytes(24).toString('hex');
/** Random, so that no compression writes it in another way than once as it is. */
const USER = `ada-${randomBytes(18).toString('hex')}`;
const HASH = `hmac:${createHmac('sha256', SECRET).update(USER).digest('hex').slice(0, 32)}`;
/** What people call a user, in the contract's words and in others'. */
const KEYS = ['user.id', 'userId', 'enduser.id', 'x-user-id', 'user_name', 'metadata.user_api_key_user_email'];

let waybill: RunningWaybill;
let stored: StoredText;
beforeAll(async () => {
  waybill = await startWaybill([], process.execPath, { WAYBILL_USER_HASH_KEY: SECRET });
  stored = await storedTextOf(waybill);
});
afterAll(async () => waybill[Symbol.asyncDispose]());

const users = KEYS.map((key) => text(key, USER));

/** A request with the user wherever attributes can stand. */
function requestNumber(number: number) {
  const attributed = [text('tenant.id', 'acme'), text('feature.id', 'chat'), text('budget.policy.id', 'pro')];
  const links = [{ traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), attributes: users }];
  const { resourceSpans } = requestOf([{ ...callSpan([...attributed, ...users], number), links }]);
  return {
    resourceSpans: resourceSpans.map((one) => ({
      ...one,
      resource: { attributes: [...(one.resource?.attributes ?? []), ...users] },
    })),
  };
}

async function post(url: string, type: string, body: Buffer): Promise<number> {
  const headers = { 'content-type': type };
  return (await fetch(url, { method: 'POST', headers, body: new Uint8Array(body) })).status;
}

describe('with a secret, a user', () => {
  it('stands nowhere as it was named, however it came, and its spend is there under its hash', async () => {
    const url = `${waybill.otlpUrl}/v1/traces`;
    expect(await post(url, 'application/x-protobuf', toProtobuf(requestNumber(1)))).toBe(200);
    expect(await post(url, 'application/json', toJson(requestNumber(2)))).toBe(200);
    for (const [form, record] of Object.entries(gatewayRecords)) {
      const gateway = gatewayNames.find((name) => form.startsWith(name)) ?? form;
      const named = JSON.stringify(record).replaceAll(/"(?:u|owner)-1"/g, `"${USER}"`);
      expect(await post(`${waybill.apiUrl}/v1/payloads/${gateway}`, 'application/json', Buffer.from(named))).toBe(200);
    }
    await expect.poll(() => stored.sql('SELECT count() >= 2 FROM waybill.calls FINAL'), { timeout: 20_000 }).toBe('1');
    expect(await stored.columnsWith(HASH)).toEqual(
      expect.arrayContaining(['spans.attributes', 'spans.link_attributes', 'payloads.record', 'calls.user']),
    );
    expect(await stored.columnsWith(USER)).toEqual([]);
    expect(await stored.filesWith(USER)).toEqual([]);
    expect(waybill.output()).not.toContain(USER);
    expect(waybill.output()).not.toContain(SECRET);
    expect(JSON.stringify(await waybill.ask('/v1/spend?by=user&since=60d'))).toContain(HASH);
  });

  it('is forgotten by the name that it has in applications', async () => {
    const port = new URL(waybill.clickHouseUrl).port;
    const forgotten = await command(
      ['forget', '--user', USER, '--data', waybill.dataDir, '--clickhouse-port', port, '--format', 'json'],
      { env: { WAYBILL_USER_HASH_KEY: SECRET } },
    );
    expect(forgotten.stderr).toBe('');
    expect(JSON.parse(forgotten.stdout)).toMatchObject({ isDeleted: true, traces: expect.any(Number) });
    // Under other keys than the contract's it is no user to `forget`.
    expect(await stored.columnsWith(HASH)).not.toContain('calls.user');
    expect(await stored.sql(`SELECT count() FROM waybill.spans WHERE attributes['user.id'] = '${HASH}'`)).toBe('0');
  });
});

it('takes no secret that could be guessed', () => {
  expect(userHashOf({})).toBeNull();
  expect(userHashOf({ WAYBILL_USER_HASH_KEY: '' })).toBeNull();
  expect(() => userHashOf({ WAYBILL_USER_HASH_KEY: 'short' })).toThrow(/has 5 characters; give at least 16/);
  const [one, other] = [SECRET, `${SECRET}x`].map((secret) => userHashOf({ WAYBILL_USER_HASH_KEY: secret }));
  expect(one?.(USER)).toBe(HASH);
  expect(other?.(USER)).not.toBe(HASH);
});
