import type { Attributes } from '../../schemas/span.js';
import { isContentKey } from '../dialects/content-keys.js';
import { holdsSomethingElse, looksLikeAttribution } from '../dialects/look-alike.js';
import { at, textOf } from './fields.js';

/** A key and its value, as they stand in a record. */
export type Entry = readonly [key: string, value: unknown];

/** More entries than anyone tags a request with. */
const MAX_ENTRIES = 128;
/** Keys by which a caller could speak for Waybill itself, or would reach a prototype. */
const NEVER = /^(?:waybill\..*|__proto__)$/;
const SECRET_KEY = /(?:^|[._-])api[._-]?key$/i;
const SECRET_VALUE = /^(?:sk-|pk-lf-|bearer\s|basic\s)/i;

/** The entries at the given paths, each under its own keys joined by dots. */
export function entriesAt(record: unknown, ...paths: readonly (readonly string[])[]): Entry[] {
  return paths.map((path) => [path.join('.'), at(record, ...path)]);
}

/** The entries of an object under its name, of those keys that `keeps`. */
export function entriesUnder(name: string, object: unknown, keeps: (key: string) => boolean): Entry[] {
  return ownEntries(object)
    .filter(([key]) => keeps(key))
    .map(([key, value]) => [`${name}.${key}`, value]);
}

/**
 * What a caller tagged a request with: every entry under its own name, as a contract calls it (`tenant.id`), and under
 * the record's key (`metadata.tenant.id`). Tags exist to say whom a request is for, so all of them are kept but secrets
 * and content.
 */
export function taggedEntries(name: string, object: unknown): Entry[] {
  return ownEntries(object)
    .filter(([key]) => !holdsSomethingElse(key))
    .flatMap(([key, value]): Entry[] => [
      [key, value],
      [`${name}.${key}`, value],
    ]);
}

/** The entries of an object that look as if they named a tenant, feature, policy or user. */
export function lookAlikes(name: string, object: unknown): Entry[] {
  return entriesUnder(name, object, looksLikeAttribution);
}

function ownEntries(object: unknown): Entry[] {
  if (typeof object !== 'object' || object === null || Array.isArray(object)) return [];
  return Object.entries(object).slice(0, MAX_ENTRIES);
}

/**
 * Entries as attributes: the first of each key, lists as JSON, nothing that is empty, an object, content or a secret.
 *
 * @param taken keys that are not given away: those by which the gateway vouches, even where it says nothing
 */
export function attributesFrom(entries: readonly Entry[], taken: readonly string[] = []): Attributes {
  const seen = new Set(taken);
  const attributes: string[] = [];
  for (const [key, value] of entries) {
    const text = Array.isArray(value) ? listText(value) : textOf(value);
    if (text === '' || key === '' || seen.has(key) || isKeptOut(key, text)) continue;
    seen.add(key);
    attributes.push(key, text);
  }
  return attributes;
}

function isKeptOut(key: string, text: string): boolean {
  return NEVER.test(key) || isContentKey(key) || SECRET_VALUE.test(text) || (SECRET_KEY.test(key) && !isHash(text));
}

function isHash(text: string): boolean {
  return /^[0-9a-f]{32,128}$/.test(text);
}

function listText(list: readonly unknown[]): string {
  const texts = list.map(textOf).filter((text) => text !== '' && !SECRET_VALUE.test(text));
  return texts.length === 0 ? '' : textOf(JSON.stringify(texts));
}
