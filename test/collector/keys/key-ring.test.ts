import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NoKey, NotAllowed } from '../../../collector/keys/errors.js';
import { createKeyRing } from '../../../collector/keys/key-ring.js';
import { createKey, listKeys, revokeKey } from '../../../collector/keys/manage.js';
import { idIn, keyIn, newSecret } from '../../../collector/keys/secret.js';
import { readAuditLog } from '../../../collector/keys/audit-log.js';
import type { Store } from '../../../collector/store/client.js';
import { connectStore } from '../../../collector/store/client.js';
import { StoreUnavailable } from '../../../collector/store/errors.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { freePort } from '../../support/free-port.js';

let test: TestStore;
beforeAll(async () => {
  test = await startTestStore();
});
afterAll(async () => {
  await test[Symbol.asyncDispose]();
});

const NOW_US = 1_793_620_800_000_000;
const all = { tenants: ['*'], services: ['*'] };
const host = '127.0.0.1';

/** The same store, with its reads counted. */
function counted(): { store: Store; reads: () => number } {
  let reads = 0;
  const rows: Store['rows'] = (...asked) => {
    reads += 1;
    return test.store.rows(...asked);
  };
  return { store: { ...test.store, rows }, reads: () => reads };
}

describe('keys', () => {
  it('are not needed on this machine until there is one, and a name from elsewhere is refused', async () => {
    const ring = createKeyRing(test.store);
    expect(await ring.isLocked()).toBe(false);
    for (const name of ['localhost', '127.0.0.1', '127.3.2.1', '[::1]']) {
      expect(await ring.callerOf({ key: null, host: name })).toMatchObject({ id: 'local' });
    }
    for (const name of ['evil.example', '127.evil.example', '192.168.0.1', '']) {
      await expect(ring.callerOf({ key: null, host: name })).rejects.toBeInstanceOf(NotAllowed);
    }
  });

  it('let in who shows one, whatever the host, and nobody else', async () => {
    const { key, id } = await createKey(
      test.store,
      { name: 'web', role: 'ingest', tenants: ['acme'], services: ['web'] },
      NOW_US,
    );
    const ring = createKeyRing(test.store);
    expect(await ring.isLocked()).toBe(true);
    expect(await ring.callerOf({ key, host: 'waybill.example' })).toMatchObject({
      id,
      role: 'ingest',
      tenants: ['acme'],
      services: ['web'],
    });
    const other = newSecret().key;
    const sameId = `waybill_${id}_${other.slice(-43)}`;
    for (const wrong of [null, '', 'x', other, sameId, key.slice(0, -1), `${key}A`, ` ${key}`, '__proto__']) {
      await expect(ring.callerOf({ key: wrong, host }), String(wrong)).rejects.toBeInstanceOf(NoKey);
    }
  });

  it('are kept as hashes only, in the table and on disk', async () => {
    const { key } = await createKey(test.store, { name: 'kept', role: 'read', ...all }, NOW_US);
    const secret = key.slice(-43);
    const rows = JSON.stringify(await test.store.rows('SELECT * FROM keys FINAL'));
    expect(rows).toContain('kept');
    expect(rows).not.toContain(secret);
    expect(JSON.stringify(await listKeys(test.store))).not.toMatch(/sha256|[0-9a-f]{64}/);
    expect(JSON.stringify(await readAuditLog(test.store, 100))).not.toContain(secret);
  });

  it('are good for nothing within two seconds of their end, and stay locked when all are', async () => {
    let nowMs = 0;
    const ring = createKeyRing(test.store, () => nowMs);
    const { key, id } = await createKey(test.store, { name: 'short', role: 'read', ...all }, NOW_US);
    await ring.callerOf({ key, host });
    await revokeKey(test.store, id, NOW_US + 1);
    nowMs = 2_000;
    await expect(ring.callerOf({ key, host })).rejects.toThrow('was revoked');
    await expect(ring.callerOf({ key: null, keyId: id, host })).rejects.toThrow('was revoked');
    for (const one of await listKeys(test.store)) await revokeKey(test.store, one.id, NOW_US + 2);
    nowMs = 4_000;
    expect(await ring.isLocked()).toBe(true);
    await expect(ring.callerOf({ key: null, host })).rejects.toBeInstanceOf(NoKey);
  });

  it('are read once for many who ask, right or wrong', async () => {
    const { key } = await createKey(test.store, { name: 'busy', role: 'read', ...all }, NOW_US);
    const { store, reads } = counted();
    const ring = createKeyRing(store, () => 0);
    const asked = Array.from({ length: 500 }, (_, i) =>
      ring.callerOf({ key: i % 2 === 0 ? key : newSecret().key, host }).then(
        () => 'in',
        () => 'out',
      ),
    );
    expect((await Promise.all(asked)).filter((one) => one === 'in')).toHaveLength(250);
    expect(reads()).toBe(1);
  });

  it('let nobody in while it cannot be known which are good', async () => {
    await using away = connectStore({ ...test.address, url: `http://127.0.0.1:${await freePort()}` });
    const ring = createKeyRing(away);
    await expect(ring.callerOf({ key: null, host })).rejects.toBeInstanceOf(StoreUnavailable);
    await expect(ring.isLocked()).rejects.toBeInstanceOf(StoreUnavailable);
  });

  it.each([
    ['a key without a name', { name: ' ', role: 'read', ...all }, /name of 1 to/],
    ['an admin of some tenants', { name: 'a', role: 'admin', ...all, tenants: ['acme'] }, /for all tenants/],
    ['a reader of a pattern', { name: 'a', role: 'read', ...all, tenants: ['ac*'] }, /exact names/],
    ['a reader of services', { name: 'a', role: 'read', ...all, services: ['web'] }, /role ingest/],
    ['nobody', { name: 'a', role: 'ingest', ...all, tenants: [] }, /--tenants: name 1 to/],
    ['a comma in a tenant', { name: 'a', role: 'ingest', ...all, tenants: ['a,b'] }, /cannot be a name/],
  ] as const)('are not made for %s', async (_what, wanted, message) => {
    await expect(createKey(test.store, wanted, NOW_US)).rejects.toThrow(message);
  });

  it('have 256 bits that are never the same', () => {
    const made = new Set(Array.from({ length: 1_000 }, () => newSecret().key));
    expect(made.size).toBe(1_000);
    for (const key of made) expect(Buffer.from(key.slice(-43), 'base64url')).toHaveLength(32);
    const [one = ''] = made;
    expect(idIn(one)).toMatch(/^[0-9a-f]{12}$/);
  });

  it('are shown in one of two headers', () => {
    expect(keyIn({ authorization: 'Bearer abc' })).toBe('abc');
    expect(keyIn({ authorization: 'bearer  abc' })).toBe('abc');
    expect(keyIn({ 'x-api-key': 'abc' })).toBe('abc');
    expect(keyIn({})).toBeNull();
    expect(keyIn({ authorization: 'Basic abc', 'x-api-key': 'abc' })).toBe('');
  });
});
