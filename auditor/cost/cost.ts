import type { Usage } from '../../schemas/span.js';
import type { Price, PriceTier } from './price.js';
import { divideRounded } from './usd.js';

/** More than `Decimal(18, 12)` holds: no request costs a million dollars, so the token counts are nonsense. */
const LIMIT_PICO_USD = 1_000_000n * 1_000_000_000_000n;

/**
 * The cost of a request in units of 1e-12 dollars, rounded half up.
 *
 * Cached and audio input are parts of the input, reasoning and audio output parts of the output (OTel GenAI, OpenAI
 * and `genai-prices` agree), so each part is taken out of the whole before it is priced by itself.
 *
 * @returns null where a count that has a price is unknown, where cached input exceeds the input, or past a million
 * dollars
 */
export function costOf(usage: Usage, price: Price): bigint | null {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens } = usage;
  if (inputTokens === null) return null;
  const { perMillion } = tierFor(price, inputTokens);
  if (outputTokens === null && perMillion.output > 0n) return null;
  const uncached = inputTokens - cacheReadTokens - cacheWriteTokens;
  if (uncached < 0) return null;
  // Cached audio counts as cached, audio spoken while reasoning as reasoning: a part is never taken out twice.
  const inputAudio = Math.min(usage.inputAudioTokens, uncached);
  const output = outputTokens ?? 0;
  const reasoning = Math.min(usage.reasoningTokens, output);
  const outputAudio = Math.min(usage.outputAudioTokens, output - reasoning);
  const total =
    charge(uncached - inputAudio, perMillion.input) +
    charge(inputAudio, perMillion.inputAudio) +
    charge(cacheReadTokens, perMillion.cacheRead) +
    charge(cacheWriteTokens, perMillion.cacheWrite) +
    charge(output - reasoning - outputAudio, perMillion.output) +
    charge(reasoning, perMillion.reasoning) +
    charge(outputAudio, perMillion.outputAudio);
  const pico = divideRounded(total, 1_000_000n);
  return pico < LIMIT_PICO_USD ? pico : null;
}

/** Most calls have tokens of two kinds only. */
function charge(tokens: number, perMillion: bigint): bigint {
  return tokens === 0 ? 0n : BigInt(tokens) * perMillion;
}

/** Tiers are chosen by the size of the whole input, and then hold for all tokens of the request. */
function tierFor({ tiers }: Price, inputTokens: number): PriceTier {
  let chosen: PriceTier = tiers[0];
  for (const tier of tiers) if (inputTokens > tier.fromInputTokens) chosen = tier;
  return chosen;
}
