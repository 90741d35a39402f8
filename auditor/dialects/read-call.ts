import type { Attributes, CallFacts, Usage } from '../../schemas/span.js';
import { reportedCostUsd } from '../cost/reported-cost.js';
import { parseUsd } from '../cost/usd.js';
import { dialects } from './all.js';
import type { Dialect, UsageForm } from './dialect.js';
import { matchesScope } from './dialect.js';
import type { FactValues, Place, PlacedCondition } from './places.js';
import {
  anyHolds,
  factKeys,
  firstText,
  placedCondition,
  placeOf,
  placesOf,
  slotOf,
  textAt,
  valueAt,
} from './places.js';
import { makerOf, providerName } from './provider.js';
import { countOrNull, usageFrom } from './usage.js';

/** Reads the call off a span's values; null where the span is no call. */
export type CallReader = (values: FactValues) => CallFacts | null;

const noValues: FactValues = Array.from({ length: factKeys.size }, () => undefined);

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
  for (let i = 0; i < attributes.length; i += 2) {
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
    one: placed.get(one) ?? placedDialect(one),
    marks: [...one.marks, ...(known.includes(one) ? (one.scopeMarks ?? []) : [])].map(slotOf),
    estimates: (one.estimates ?? [])
      .filter(({ scope }) => matchesScope(scope, scopeName, scopeVersion))
      .map(({ model, unless }) => ({ model, unless: unless.map(placedCondition) })),
    forms: one.usage
      .filter(({ scopes }) => scopes?.some((scope) => matchesScope(scope, scopeName, scopeVersion)) ?? true)
      .map(placedForm),
  }));
  return (values) => {
    for (const { one, marks, estimates, forms } of order) {
      if (!bearsAny(marks, values)) continue;
      const facts = factsIn(one, forms, values);
      return facts === null || estimates.length === 0
        ? facts
        : { ...facts, usageEstimated: facts.usage !== null && isEstimated(facts, estimates, values) };
    }
    return null;
  };
}

function bearsAny(slots: readonly number[], values: FactValues): boolean {
  for (const slot of slots) if (values[slot] !== undefined) return true;
  return false;
}

/** A dialect with its sources looked up, since that takes longer than reading what stands there. */
function placedDialect(dialect: Dialect) {
  return {
    dialect,
    kind: placesOf(dialect.call.kind),
    provider: placesOf(dialect.provider),
    requestModel: placesOf(dialect.requestModel),
    responseModel: placesOf(dialect.responseModel),
    responseId: placesOf(dialect.responseId),
    conversationId: placesOf(dialect.conversationId),
    stream: dialect.stream.map(placedCondition),
    cacheReplay: dialect.cacheReplay.map(placedCondition),
    cost: dialect.cost.map(({ amount, currency, zeroIsUnknown }) => ({
      amount: placeOf(amount),
      currency: currency === undefined ? null : placeOf(currency),
      zeroIsUnknown,
    })),
  };
}

type PlacedDialect = ReturnType<typeof placedDialect>;

const placed: ReadonlyMap<Dialect, PlacedDialect> = new Map(dialects.map((one) => [one, placedDialect(one)]));

function placedForm(form: UsageForm) {
  return {
    when: form.when?.map(placedCondition),
    inputTokens: placesOf(form.inputTokens),
    outputTokens: placesOf(form.outputTokens),
    cacheReadTokens: placesOf(form.cacheReadTokens),
    cacheWriteTokens: placesOf(form.cacheWriteTokens),
    reasoningTokens: placesOf(form.reasoningTokens),
    inputAudioTokens: placesOf(form.inputAudioTokens),
    outputAudioTokens: placesOf(form.outputAudioTokens),
    parts: form.parts,
  };
}

type PlacedForm = ReturnType<typeof placedForm>;

function factsIn(one: PlacedDialect, forms: readonly PlacedForm[], values: FactValues): CallFacts | null {
  const { dialect } = one;
  const operation = operationIn(one, values);
  if (operation === null) return null;
  const provider = providerIn(one, values);
  return {
    dialect: dialect.id,
    operation,
    provider,
    requestModel: modelName(firstText(one.requestModel, values), provider, dialect),
    responseModel: modelName(firstText(one.responseModel, values), provider, dialect),
    responseId: firstText(one.responseId, values),
    conversationId: firstText(one.conversationId, values),
    stream: anyHolds(one.stream, values),
    usage: usageIn(forms, values),
    usageEstimated: false,
    cacheReplay: anyHolds(one.cacheReplay, values),
    reportedCostUsd: costIn(one, values),
  };
}

function providerIn({ dialect, provider, requestModel }: PlacedDialect, values: FactValues): string {
  const said = firstText(provider, values);
  if (said !== '' || dialect.unsaidProvider === undefined) return providerName(said, dialect.providerNames);
  return makerOf(firstText(requestModel, values));
}

/** Cuts off nothing but the call's own provider: other models have a slash in their names by right. */
function modelName(said: string, provider: string, { modelBehindProvider, providerNames }: Dialect): string {
  const slash = modelBehindProvider === true ? said.indexOf('/') : -1;
  return slash > 0 && providerName(said.slice(0, slash), providerNames) === provider ? said.slice(slash + 1) : said;
}

function operationIn(
  { dialect, kind: kinds, requestModel, provider }: PlacedDialect,
  values: FactValues,
): string | null {
  const { call } = dialect;
  const kind = firstText(kinds, values);
  if (kind !== '') return Object.hasOwn(call.operations, kind) ? (call.operations[kind] ?? null) : null;
  if (call.unnamed === null) return null;
  return firstText(requestModel, values) !== '' && firstText(provider, values) !== '' ? call.unnamed : null;
}

function usageIn(forms: readonly PlacedForm[], values: FactValues): Usage | null {
  for (const form of forms) {
    if (form.when !== undefined && !anyHolds(form.when, values)) continue;
    const usage = usageAs(form, values);
    if (usage !== null) return usage;
  }
  return null;
}

function usageAs(form: PlacedForm, values: FactValues): Usage | null {
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
  estimates: readonly { readonly model: RegExp; readonly unless: readonly PlacedCondition[] }[],
  values: FactValues,
): boolean {
  return estimates.some(({ model, unless }) => model.test(requestModel) && !anyHolds(unless, values));
}

function costIn({ cost }: PlacedDialect, values: FactValues): string | null {
  for (const { amount, currency, zeroIsUnknown } of cost) {
    const said = currency === null ? '' : textAt(currency, values);
    if (said !== '' && said.toUpperCase() !== 'USD') continue;
    const claimed = textAt(amount, values);
    const costUsd = claimed === '' ? null : reportedCostUsd(claimed);
    if (costUsd === null || (zeroIsUnknown === true && parseUsd(costUsd) === 0n)) continue;
    return costUsd;
  }
  return null;
}

/** The first that is a count: whatever else stands there (NaN, a negative number, a fraction) was not reported. */
function firstCount(places: readonly Place[], values: FactValues): number | null {
  for (const place of places) {
    const said = valueAt(place, values);
    if (said === '') continue;
    const count = typeof said === 'number' || isDigits(said) ? countOrNull(Number(said)) : null;
    if (count !== null) return count;
  }
  return null;
}

/** Whether a text is of 1 to 16 digits and nothing else: faster than a regular expression, and asked thrice a call. */
function isDigits(text: string): boolean {
  if (text.length > 16) return false;
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) < 0x30 || text.charCodeAt(i) > 0x39) return false;
  return text.length > 0;
}
