import type { ModelPrice } from '@pydantic/genai-prices';
import { calcPrice } from '@pydantic/genai-prices';
import type { Contract } from '../../schemas/contract.js';
import { parseUsd } from './usd.js';

/** The kinds of token that are priced apart. */
export type TokenKind = 'input' | 'output' | 'reasoning' | 'cacheRead' | 'cacheWrite' | 'inputAudio' | 'outputAudio';

/** Prices in force from a number of input tokens on. Units of 1e-12 dollars a million tokens. */
export interface PriceTier {
  readonly fromInputTokens: number;
  readonly perMillion: Readonly<Record<TokenKind, bigint>>;
}

export interface Price {
  /** Where it came from: `contract`, or `genai-prices:openai/gpt-4o`. */
  readonly source: string;
  /** Ascending; the first starts at 0. */
  readonly tiers: readonly [PriceTier, ...PriceTier[]];
}

/** Finds the price of a model at a time: microseconds since 1970. Null where there is none. */
export type PriceFinder = (provider: string, model: string, atUs: number) => Price | null;

/** OpenTelemetry's provider names where the price list calls them otherwise. */
const PRICE_LIST_NAMES: Readonly<Record<string, string>> = {
  'aws.bedrock': 'aws',
  'azure.ai.openai': 'azure',
  'azure.ai.inference': 'azure',
  'gcp.gemini': 'google',
  'gcp.vertex_ai': 'google',
  'gcp.gen_ai': 'google',
  mistral_ai: 'mistral',
  moonshot_ai: 'moonshotai',
  x_ai: 'x-ai',
};

/** Names that a hostile sender makes up must not fill the memory. */
const CACHE_LIMIT = 10_000;

/** Some prices depend on the time of day; the list knows no finer step than half an hour. */
const STEP_US = 30 * 60 * 1_000_000;

/**
 * Makes a price finder: the contract's own prices first, then the public list of `@pydantic/genai-prices`, each as
 * of the time of the call. Answers are kept, since the list takes 9 µs to search.
 */
export function createPriceFinder(prices: Contract['prices']): PriceFinder {
  // By model, then provider, then step: a key of all three would have to be put together for every call.
  const cache = new Map<string, Map<string, Map<number, Price | null>>>();
  let size = 0;
  return (provider, model, atUs) => {
    const step = Math.floor(atUs / STEP_US);
    const known = cache.get(model)?.get(provider)?.get(step);
    if (known !== undefined) return known;
    const at = new Date((step * STEP_US) / 1000);
    const price = contractPrice(prices, provider, model, at) ?? listPrice(provider, model, at);
    if (size >= CACHE_LIMIT) {
      cache.clear();
      size = 0;
    }
    size += 1;
    const ofModel = cache.get(model) ?? new Map<string, Map<number, Price | null>>();
    const ofProvider = ofModel.get(provider) ?? new Map<number, Price | null>();
    cache.set(model, ofModel.set(provider, ofProvider.set(step, price)));
    return price;
  };
}

function contractPrice(prices: Contract['prices'], provider: string, model: string, at: Date): Price | null {
  const day = at.toISOString().slice(0, 10);
  const inForce = prices
    .filter((one) => one.provider === provider && one.model === model && (one.from ?? '') <= day)
    .toSorted((a, b) => ((a.from ?? '') < (b.from ?? '') ? 1 : -1))[0];
  if (inForce === undefined) return null;
  const input = exact(inForce.inputPerMillion);
  const output = exact(inForce.outputPerMillion);
  const perMillion = {
    input,
    output,
    reasoning: output,
    cacheRead: inForce.cacheReadPerMillion === undefined ? input : exact(inForce.cacheReadPerMillion),
    cacheWrite: inForce.cacheWritePerMillion === undefined ? input : exact(inForce.cacheWritePerMillion),
    inputAudio: input,
    outputAudio: output,
  };
  return { source: 'contract', tiers: [{ fromInputTokens: 0, perMillion }] };
}

function listPrice(provider: string, model: string, at: Date): Price | null {
  if (provider === '' || model === '') return null;
  const providerId = PRICE_LIST_NAMES[provider] ?? provider;
  const found = calcPrice({}, model, { providerId, timestamp: at });
  if (found === null) return null;
  const { model_price: prices } = found;
  // Some entries know what a request costs, or an image, but nothing of tokens.
  if (prices['input_mtok'] === undefined && prices['output_mtok'] === undefined) return null;
  const starts = new Set([
    0,
    ...Object.values(prices).flatMap((one) => (typeof one === 'object' ? one.tiers.map((tier) => tier.start) : [])),
  ]);
  const [first, ...rest] = [...starts].toSorted((a, b) => a - b).map((start) => tierAt(prices, start));
  return first === undefined
    ? null
    : { source: `genai-prices:${found.provider.id}/${found.model.id}`, tiers: [first, ...rest] };
}

/** A kind of token without a price of its own is charged as what it is a part of: cached and audio input as input. */
function tierAt(prices: ModelPrice, start: number): PriceTier {
  const at = (key: string): bigint | undefined => {
    const price = prices[key];
    if (price === undefined) return undefined;
    if (typeof price === 'number') return exact(price);
    const tier = price.tiers.filter((one) => one.start <= start).at(-1);
    return exact(tier?.price ?? price.base);
  };
  const input = at('input_mtok') ?? 0n;
  const output = at('output_mtok') ?? 0n;
  return {
    fromInputTokens: start,
    perMillion: {
      input,
      output,
      reasoning: at('output_reasoning_mtok') ?? output,
      cacheRead: at('cache_read_mtok') ?? input,
      cacheWrite: at('cache_write_mtok') ?? input,
      inputAudio: at('input_audio_mtok') ?? input,
      outputAudio: at('output_audio_mtok') ?? output,
    },
  };
}

/** A price as the list or the contract writes it: the shortest decimal that is that double is what was meant. */
function exact(price: number): bigint {
  return parseUsd(String(price)) ?? 0n;
}
