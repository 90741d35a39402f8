import { describe, expect, it } from 'vitest';
import { attributesFrom, entriesUnder, lookAlikes, taggedEntries } from '../../../auditor/payloads/entries.js';

const HASH = '88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b';

describe('the entries of a record', () => {
  it.each([null, undefined, 'text', 7, ['tenant']])('of %j are none', (object) => {
    expect(entriesUnder('metadata', object, () => true)).toEqual([]);
    expect(taggedEntries('metadata', object)).toEqual([]);
  });

  it('are read up to a number that no request needs', () => {
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`team_${i}`, i]));
    expect(lookAlikes('metadata', many)).toHaveLength(128);
    expect(lookAlikes('metadata', many).at(-1)).toEqual(['metadata.team_127', 127]);
  });

  it('that only look like attribution are kept under their name', () => {
    expect(lookAlikes('metadata', { team: 'search', colour: 'red' })).toEqual([['metadata.team', 'search']]);
  });
});

describe('entries as attributes', () => {
  it('are the first of each key', () => {
    expect(
      attributesFrom([
        ['tenant', ''],
        ['tenant', 'acme'],
        ['tenant', 'globex'],
      ]),
    ).toEqual(['tenant', 'acme']);
    expect(attributesFrom([['tenant', 'acme']], ['tenant'])).toEqual([]);
  });

  it.each([
    ['', 'acme'],
    ['tenant', {}],
    ['tenant', null],
    ['waybill.tenant', 'acme'],
    ['__proto__', 'acme'],
    ['gen_ai.prompt.0', 'hello'],
    ['team', 'sk-1234'],
    ['team', 'Bearer 1234'],
    ['api_key', 'plain'],
    ['metadata.api-key', 'plain'],
    ['api_key', `x${HASH}`],
    ['api_key', `${HASH}-`],
    ['tags', []],
    ['tags', [null, {}]],
    ['tags', ['sk-1234']],
  ])('leave out what says nothing, is content or a secret: %j with %j', (key, value) => {
    expect(attributesFrom([[key, value]])).toEqual([]);
  });

  it.each([
    ['api_key', HASH, HASH],
    ['api_key_alias', 'web', 'web'],
    ['tags', ['search', '', 'sk-1234', 7], '["search","7"]'],
    ['my.waybill.tenant', 'acme', 'acme'],
  ])('keep %j with %j', (key, value, kept) => {
    expect(attributesFrom([[key, value]])).toEqual([key, kept]);
  });
});
