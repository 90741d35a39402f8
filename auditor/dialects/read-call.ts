import type { Attributes, CallFacts, Usage } from '../../schemas/span.js';
import { reportedCostUsd } from '../cost/reported-cost.js';
import { parseUsd } from '../cost/usd.js';
import { dialects } from './all.js';
import type { Condition, Dialect, Source, UsageForm } from './dialect.js';
import { matchesScope } from './dialect.js';
import { makerOf, providerName } from './provider.js';
import { parseDict } from './dict.js';
import { countOrNull, usageFrom } from './usage.js';

/**
 * The values of one span by slot: the value of key `k` stands at `factKeys.get(k)`. A decoder fills it as it goes, so
 * that no span costs a map of its attributes.
 */
export type FactValues = readonly (string | undefined)[];

/** Reads the call off a span's values; null where the span is no call. */
export type CallReader = (values: FactValues) => CallFacts | null;

/** Every attribute key that some dialect reads, to its slot. */
export const factKeys: ReadonlyMap<string, number> = new Map(
  [...new Set(dialects.flatMap(keysOf))].map((key, slot) => [key, slot]),
);

const noValues: FactValues = Array.from({ length: factKeys.size }, () => undefined);

/** The keys whose values are JSON: they may be longer than others, and what is cut is no JSON. */
export const jsonFactKeys: ReadonlySet<string> = new Set(
  dialects.flatMap((one) => sourcesOf(one).flatMap((source) => (typeof source === 'string' ? [] : [source.key]))),
);

/**
 * What a span says of one request to a model, in the same words for every dialect; null where it is no call.
 *
 * @param attributes all attributes of the span
 */
export function readCall(scopeName: string, scopeVersion: string, attributes: Attributes): CallFacts | null {
  return callReaderFor(scopeName, scopeVersion)(factValuesOf(attributes));
}

/** The values that some dialect reads, by slot. */
export function factValuesOf(attributes: Attributes): FactValues {
  const values = Array.from(noValues);
  for (let i = 0; i + 1 < attributes.length; i += 2) {
    const slot = factKeys.get(attributes[i] ?? '');
    if (slot !== undefined) values[slot] = attributes[i + 1];
  }
  return values;
}

/**
 * Makes the reader for the spans of one instrumentation scope: worth keeping, since it costs more than reading a span.
 * The dialects that the scope is known to speak go before all others; of either, the first whose marks a span bears
 * reads it.
 */
export function callReaderFor(scopeName: string, scopeVersion: string): CallReader {
  const known = dialects.filter((one) => one.scopes.some((scope) => matchesScope(scope, scopeName, scopeVersion)));
  const order = [...known, ...dialects.filter((one) => !known.includes(one))].map((one) => ({
    one,
    marks: [...one.marks, ...(known.includes(one) ? (one.scopeMarks ?? []) : [])].map(slotOf),
    estimates: (one.estimates ?? []).filter(({ scope }) => matchesScope(scope, scopeName, scopeVersion)),
    forms: one.usage.filter(
      ({ scopes }) => scopes?.some((scope) => matchesScope(scope, scopeName, scopeVersion)) ?? true,
    ),
  }));
  return (values) => {
    for (const { one, marks, estimates, forms } of order) {
      if (!marks.some((slot) => values[slot] !== undefined)) continue;
      const facts = factsIn(one, forms, values);
      return facts === null || estimates.length === 0
        ? facts
        : { ...facts, usageEstimated: facts.usage !== null && isEstimated(facts, estimates, values) };
    }
    return null;
  };
}

function factsIn(dialect: Dialect, forms: readonly UsageForm[], values: FactValues): CallFacts | null {
  const operation = operationIn(dialect, values);
  if (operation === null) return null;
  const provider = providerIn(dialect, values);
  return {
    dialect: dialect.id,
    operation,
    provider,
    requestModel: modelName(firstText(dialect.requestModel, values), provider, dialect),
    responseModel: modelName(firstText(dialect.responseModel, values), provider, dialect),
    responseId: firstText(dialect.responseId, values),
    conversationId: firstText(dialect.conversationId, values),
    stream: dialect.stream.some((one) => holds(one, values)),
    usage: usageIn(forms, values),
    usageEstimated: false,
    cacheReplay: dialect.cacheReplay.some((one) => holds(one, values)),
    reportedCostUsd: costIn(dialect, values),
  };
}

function providerIn({ provider, providerNames, unsaidProvider, requestModel }: Dialect, values: FactValues): string {
  const said = firstText(provider, values);
  if (said !== '' || unsaidProvider === undefined) return providerName(said, providerNames);
  return makerOf(firstText(requestModel, values));
}

/** Cuts off nothing but the call's own provider: other models have a slash in their names by right. */
function modelName(said: string, provider: string, { modelBehindProvider, providerNames }: Dialect): string {
  const slash = modelBehindProvider === true ? said.indexOf('/') : -1;
  return slash > 0 && providerName(said.slice(0, slash), providerNames) === provider ? said.slice(slash + 1) : said;
}

function operationIn({ call, requestModel, provider }: Dialect, values: FactValues): string | null {
  const kind = firstText(call.kind, values);
  if (kind !== '') return Object.hasOwn(call.operations, kind) ? (call.operations[kind] ?? null) : null;
  if (call.unnamed === null) return null;
  return firstText(requestModel, values) !== '' && firstText(provider, values) !== '' ? call.unnamed : null;
}

function usageIn(forms: readonly UsageForm[], values: FactValues): Usage | null {
  for (const form of forms) {
    if (form.when !== undefined && !form.when.some((one) => holds(one, values))) continue;
    const usage = usageAs(form, values);
    if (usage !== null) return usage;
  }
  return null;
}

function usageAs(form: UsageForm, values: FactValues): Usage | null {
  const counts = {
    input: firstCount(form.inputTokens, values),
    output: firstCount(form.outputTokens, values),
    cacheRead: firstCount(form.cacheReadTokens, values),
    cacheWrite: firstCount(form.cacheWriteTokens, values),
    reasoning: firstCount(form.reasoningTokens, values),
    inputAudio: firstCount(form.inputAudioTokens, values),
    outputAudio: firstCount(form.outputAudioTokens, values),
  };
  return usageFrom(counts, form.parts);
}

function isEstimated(
  { requestModel }: CallFacts,
  estimates: NonNullable<Dialect['estimates']>,
  values: FactValues,
): boolean {
  return estimates.some(({ model, unless }) => model.test(requestModel) && !unless.some((one) => holds(one, values)));
}

function costIn({ cost }: Dialect, values: FactValues): string | null {
  for (const { amount, currency, zeroIsUnknown } of cost) {
    const said = currency === undefined ? '' : textAt(currency, values);
    if (said !== '' && said.toUpperCase() !== 'USD') continue;
    const costUsd = reportedCostUsd(textAt(amount, values));
    if (costUsd === null || (zeroIsUnknown === true && parseUsd(costUsd) === 0n)) continue;
    return costUsd;
  }
  return null;
}

function holds({ source, words }: Condition, values: FactValues): boolean {
  const said = textAt(source, values).toLowerCase();
  return said !== '' && (words === null || words.some((word) => word.toLowerCase() === said));
}

function firstText(sources: readonly Source[], values: FactValues): string {
  for (const source of sources) {
    const text = textAt(source, values);
    if (text !== '') return text;
  }
  return '';
}

/** The first that is a count: whatever else stands there (NaN, a negative number, a fraction) was not reported. */
function firstCount(sources: readonly Source[], values: FactValues): number | null {
  for (const source of sources) {
    const text = textAt(source, values);
    const count = /^\d{1,16}$/.test(text) ? countOrNull(Number(text)) : null;
    if (count !== null) return count;
  }
  return null;
}

/** Empty: not said. */
function textAt(source: Source, values: FactValues): string {
  if (typeof source === 'string') return values[slotOf(source)] ?? '';
  let at = parsedAt(slotOf(source.key), values);
  for (const key of source.path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return '';
    at = Object.getOwnPropertyDescriptor(at, key)?.value;
  }
  return typeof at === 'string' || typeof at === 'number' || typeof at === 'boolean' ? String(at) : '';
}

/** What was parsed for a span that is being read: a dozen sources may look into one long value. */
const parsedOf = new WeakMap<FactValues, Map<number, unknown>>();

function parsedAt(slot: number, values: FactValues): unknown {
  const text = values[slot];
  if (text === undefined) return undefined;
  const known = parsedOf.get(values) ?? new Map<number, unknown>();
  parsedOf.set(values, known);
  if (!known.has(slot)) known.set(slot, parseDict(text));
  return known.get(slot);
}

function slotOf(key: string): number {
  return factKeys.get(key) ?? -1;
}

function keysOf(one: Dialect): string[] {
  return [
    ...one.marks,
    ...(one.scopeMarks ?? []),
    ...sourcesOf(one).map((source) => (typeof source === 'string' ? source : source.key)),
  ];
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
