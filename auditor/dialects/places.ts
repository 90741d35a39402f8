import { dialects } from './all.js';
import type { Condition, Dialect, Source, UsageForm } from './dialect.js';
import { parseDict } from './dict.js';

/** What an attribute says: its text, or where it is a whole number maybe that. */
export type FactValue = string | number;

/**
 * The values of one span by slot: the value of key `k` stands at `factKeys.get(k)`. A decoder fills it as it goes, so
 * that no span costs a map of its attributes.
 */
export type FactValues = readonly (FactValue | undefined)[];

/** Every attribute key that some dialect reads, to its slot. */
export const factKeys: ReadonlyMap<string, number> = new Map(
  [...new Set(dialects.flatMap(keysOf))].map((key, slot) => [key, slot]),
);

/** The keys any of which shows that a span speaks a dialect: one without them is no call. */
export const markKeys: ReadonlySet<string> = new Set(dialects.flatMap(marksOf));

/** The keys whose values are JSON: they may be longer than others, and what is cut is no JSON. */
export const jsonFactKeys: ReadonlySet<string> = new Set(
  dialects.flatMap((one) => sourcesOf(one).flatMap((source) => (typeof source === 'string' ? [] : [source.key]))),
);

/** Where a source stands among the values of a span: a slot, or a place inside the JSON of one. */
export type Place = number | { readonly slot: number; readonly path: readonly string[] };

/** A condition with its words in lower case. */
export interface PlacedCondition {
  readonly place: Place;
  readonly words: readonly string[] | null;
}

export function placeOf(source: Source): Place {
  return typeof source === 'string' ? slotOf(source) : { slot: slotOf(source.key), path: source.path };
}

export function placesOf(sources: readonly Source[]): readonly Place[] {
  return sources.map(placeOf);
}

export function placedCondition({ source, words }: Condition): PlacedCondition {
  return { place: placeOf(source), words: words === null ? null : words.map((word) => word.toLowerCase()) };
}

export function slotOf(key: string): number {
  return factKeys.get(key) ?? -1;
}

/** What stands at a place; the empty text: nothing. */
export function valueAt(place: Place, values: FactValues): FactValue {
  return typeof place === 'number' ? (values[place] ?? '') : textInJson(place.slot, place.path, values);
}

/** The text at a place; empty: not said. */
export function textAt(place: Place, values: FactValues): string {
  const value = valueAt(place, values);
  return typeof value === 'string' ? value : String(value);
}

/** The first text that says something; empty where none does. */
export function firstText(places: readonly Place[], values: FactValues): string {
  for (const place of places) {
    const text = textAt(place, values);
    if (text !== '') return text;
  }
  return '';
}

export function anyHolds(conditions: readonly PlacedCondition[], values: FactValues): boolean {
  for (const one of conditions) if (holds(one, values)) return true;
  return false;
}

function holds({ place, words }: PlacedCondition, values: FactValues): boolean {
  const said = textAt(place, values);
  return said !== '' && (words === null || words.includes(said.toLowerCase()));
}

function textInJson(slot: number, path: readonly string[], values: FactValues): string {
  let at = parsedAt(slot, values);
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return '';
    at = Object.getOwnPropertyDescriptor(at, key)?.value;
  }
  return typeof at === 'string' || typeof at === 'number' || typeof at === 'boolean' ? String(at) : '';
}

/** What was parsed last at each slot: a dozen sources may look into one long value. */
const lastParsed = new Map<number, { readonly text: string; readonly parsed: unknown }>();

function parsedAt(slot: number, values: FactValues): unknown {
  const text = values[slot];
  if (typeof text !== 'string') return undefined;
  const last = lastParsed.get(slot);
  if (last?.text === text) return last.parsed;
  const parsed = parseDict(text);
  lastParsed.set(slot, { text, parsed });
  return parsed;
}

function marksOf({ marks, scopeMarks = [] }: Dialect): string[] {
  return [...marks, ...scopeMarks];
}

function keysOf(one: Dialect): string[] {
  return [...marksOf(one), ...sourcesOf(one).map((source) => (typeof source === 'string' ? source : source.key))];
}

function sourcesOf(one: Dialect): Source[] {
  const conditions = [
    ...one.stream,
    ...one.cacheReplay,
    ...(one.estimates ?? []).flatMap(({ unless }) => unless),
    ...one.usage.flatMap(({ when }) => when ?? []),
  ];
  return [
    ...one.call.kind,
    ...one.provider,
    ...one.requestModel,
    ...one.responseModel,
    ...one.responseId,
    ...one.conversationId,
    ...one.usage.flatMap(countsOf),
    ...conditions.map(({ source }) => source),
    ...one.cost.flatMap(({ amount, currency }) => (currency === undefined ? [amount] : [amount, currency])),
  ];
}

function countsOf(form: UsageForm): Source[] {
  return [
    ...form.inputTokens,
    ...form.outputTokens,
    ...form.cacheReadTokens,
    ...form.cacheWriteTokens,
    ...form.reasoningTokens,
    ...form.inputAudioTokens,
    ...form.outputAudioTokens,
  ];
}
