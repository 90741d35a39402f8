import type { Random } from './choose.js';
import { onceIn, upTo } from './choose.js';
import { mutateBytes } from './mutate-bytes.js';
import { oddJson, oddText } from './odd-values.js';

/** Changes an input as the JSON that it is, and sometimes, or where it is none, as bytes. */
export function mutateJson(input: Buffer, other: Buffer, random: Random): Buffer {
  if (onceIn(random, 6)) return mutateBytes(input, other, random);
  const value = parsed(input);
  if (value === undefined) return mutateBytes(input, other, random);
  let changed: unknown = value;
  for (let left = 1 + upTo(random, 3); left > 0; left -= 1) changed = changeOne(changed, random);
  const text = JSON.stringify(changed);
  return Buffer.from(onceIn(random, 20) ? doubleKey(text) : text);
}

function parsed(input: Buffer): unknown {
  try {
    return JSON.parse(input.toString());
  } catch {
    return undefined;
  }
}

/** Goes down at random, and changes what it comes to. */
function changeOne(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || onceIn(random, 12)) return oddJson(random);
  if (Array.isArray(value)) return changeList([...(value as unknown[])], random);
  const entries = Object.entries(value);
  const at = upTo(random, entries.length);
  const entry = entries[at];
  const roll = upTo(random, 10);
  if (entry === undefined || roll === 0) entries.push([oddText(random), oddJson(random)]);
  else if (roll === 1) entries.splice(at, 1);
  else if (roll === 2) entries[at] = [oddText(random), entry[1]];
  else entries[at] = [entry[0], changeOne(entry[1], random)];
  return Object.fromEntries(entries);
}

function changeList(list: unknown[], random: Random): unknown[] {
  const at = upTo(random, list.length);
  const roll = upTo(random, 10);
  if (list.length === 0 || roll === 0) list.push(oddJson(random));
  else if (roll === 1) list.splice(at, 1);
  else if (roll === 2 && list.length < 64) list.push(list[at]);
  else list[at] = changeOne(list[at], random);
  return list;
}

/** Lets the first key stand twice. */
function doubleKey(json: string): string {
  const key = /^\{("[^"]*"):/.exec(json)?.[1];
  return key === undefined ? json : `{${key}:null,${json.slice(1)}`;
}
