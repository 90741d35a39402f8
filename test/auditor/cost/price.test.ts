import { describe, expect, it } from 'vitest';
import { costOf } from '../../../auditor/cost/cost.js';
import { createPriceFinder } from '../../../auditor/cost/price.js';
import { divideRounded, formatUsd, PICO_PER_USD } from '../../../auditor/cost/usd.js';
import { contractSchema } from '../../../schemas/contract.js';
import type { Usage } from '../../../schemas/span.js';

const NOTHING: Usage = {
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  inputAudioTokens: 0,
  outputAudioTokens: 0,
};

const at = (iso: string): number => Date.parse(iso) * 1_000;
const NOON = at('2026-11-02T12:00:00Z');
const find = createPriceFinder([]);

function cost(provider: string, model: string, usage: Partial<Usage>, when = NOON): string | null {
  const price = find(provider, model, when);
  const pico = price === null ? null : costOf({ ...NOTHING, ...usage }, price);
  return pico === null ? null : formatUsd(pico);
}

describe('the cost of a call', () => {
  it('prices each kind of token by itself', () => {
    // gpt-4o: 2.50 input, 1.25 cached, 10 output, dollars a million.
    expect(cost('openai', 'gpt-4o', { inputTokens: 1_000_000 })).toBe('2.500000000000');
    expect(cost('openai', 'gpt-4o', { inputTokens: 1_000_000, cacheReadTokens: 1_000_000 })).toBe('1.250000000000');
    expect(cost('openai', 'gpt-4o', { outputTokens: 1_000_000 })).toBe('10.000000000000');
    expect(cost('openai', 'gpt-4o', { inputTokens: 1 })).toBe('0.000002500000');
    // A kind without a price of its own costs what it is a part of.
    expect(cost('openai', 'gpt-4o', { inputTokens: 1_000_000, cacheWriteTokens: 1_000_000 })).toBe('2.500000000000');
    expect(cost('openai', 'gpt-4o', { outputTokens: 1_000_000, reasoningTokens: 1_000_000 })).toBe('10.000000000000');
  });

  it('prices writing to the cache, where that has a price', () => {
    expect(cost('anthropic', 'claude-sonnet-4-5', { inputTokens: 1_000, cacheWriteTokens: 1_000 })).toBe(
      '0.003750000000',
    );
  });

  it('takes the tier of the whole input for all tokens', () => {
    // gemini-2.5-pro: 1.25 and 10 up to 200,000 input tokens, 2.50 and 15 above.
    expect(cost('gcp.gemini', 'gemini-2.5-pro', { inputTokens: 200_000, outputTokens: 1_000 })).toBe('0.260000000000');
    expect(cost('gcp.gemini', 'gemini-2.5-pro', { inputTokens: 200_001, outputTokens: 1_000 })).toBe('0.515002500000');
  });

  it('knows the price list by the names that OpenTelemetry gives to providers', () => {
    for (const [provider, model] of [
      ['aws.bedrock', 'anthropic.claude-3-5-sonnet-20241022-v2:0'],
      ['azure.ai.openai', 'gpt-4o'],
      ['gcp.vertex_ai', 'gemini-2.5-pro'],
      ['mistral_ai', 'mistral-large-latest'],
      ['x_ai', 'grok-3'],
      ['deepseek', 'deepseek-chat'],
    ] as const) {
      expect(find(provider, model, NOON)?.source, provider).toMatch(/^genai-prices:/);
    }
  });

  it('takes the price of the time of day, where it depends on that', () => {
    const night = cost('deepseek', 'deepseek-chat', { inputTokens: 1_000_000 }, at('2026-11-02T00:15:00Z'));
    const day = cost('deepseek', 'deepseek-chat', { inputTokens: 1_000_000 }, at('2026-11-02T12:00:00Z'));
    expect([night, day]).toEqual(['0.135000000000', '0.270000000000']);
  });

  it('takes the price that was in force on the day', () => {
    // o3 became cheaper on 10 June 2025.
    const before = cost('openai', 'o3', { inputTokens: 1_000_000 }, at('2025-06-01T12:00:00Z'));
    const after = cost('openai', 'o3', { inputTokens: 1_000_000 }, at('2025-06-20T12:00:00Z'));
    expect([before, after]).toEqual(['10.000000000000', '2.000000000000']);
  });

  it('is unknown where a count that has a price is missing, or the parts exceed the whole', () => {
    expect(cost('openai', 'gpt-4o', { inputTokens: null })).toBeNull();
    expect(cost('openai', 'gpt-4o', { outputTokens: null })).toBeNull();
    expect(cost('openai', 'gpt-4o', { inputTokens: 1, cacheReadTokens: 2 })).toBeNull();
    expect(cost('openai', 'text-embedding-3-small', { inputTokens: 1_000_000, outputTokens: null })).toBe(
      '0.020000000000',
    );
  });

  it('is unknown from a million dollars on', () => {
    expect(cost('openai', 'gpt-4o', { inputTokens: 399_999_999_999 })).toBe('999999.999997500000');
    expect(cost('openai', 'gpt-4o', { inputTokens: 400_000_000_000 })).toBeNull();
  });

  it('never takes out a part twice: audio that was cached is cached, audio spoken while reasoning is reasoning', () => {
    const usage = {
      inputTokens: 100,
      cacheReadTokens: 80,
      inputAudioTokens: 50,
      outputTokens: 10,
      reasoningTokens: 10,
      outputAudioTokens: 5,
    };
    expect(cost('openai', 'gpt-4o-audio-preview', usage)).not.toBeNull();
    expect(cost('openai', 'gpt-4o', usage)).toBe('0.000250000000');
  });
});

describe('prices of the contract', () => {
  const { prices } = contractSchema.parse({
    prices: [
      { provider: 'openai', model: 'mine', inputPerMillion: 0.1, outputPerMillion: 0.7 },
      {
        provider: 'openai',
        model: 'mine',
        inputPerMillion: 0.3,
        outputPerMillion: 0.9,
        cacheReadPerMillion: 0.05,
        cacheWritePerMillion: 0.4,
        from: '2026-11-01',
      },
    ],
  });
  const own = createPriceFinder(prices);
  const priced = (when: string, usage: Partial<Usage>): string => {
    const price = own('openai', 'mine', at(when));
    return price === null ? 'none' : formatUsd(costOf({ ...NOTHING, ...usage }, price) ?? -1n);
  };

  it('hold from their day on, and are exact', () => {
    expect(priced('2026-10-31T23:59:59Z', { inputTokens: 3 })).toBe('0.000000300000');
    expect(priced('2026-11-01T00:00:00Z', { inputTokens: 3 })).toBe('0.000000900000');
    expect(priced('2026-11-01T00:00:00Z', { outputTokens: 1 })).toBe('0.000000900000');
  });

  it('hold from their own days in whatever order they are listed', () => {
    const price = (inputPerMillion: number, from?: string) => ({
      provider: 'openai',
      model: 'mine',
      inputPerMillion,
      outputPerMillion: 1,
      ...(from === undefined ? {} : { from }),
    });
    const listed = [price(2, '2026-02-01'), price(1), price(3, '2026-03-01')];
    for (const order of [listed, listed.toReversed()]) {
      const finder = createPriceFinder(contractSchema.parse({ prices: order }).prices);
      const inputAt = (iso: string) => finder('openai', 'mine', at(iso))?.tiers[0].perMillion.input;
      const days = ['2026-01-31T00:00:00Z', '2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z'];
      expect(days.map(inputAt)).toEqual([1n, 2n, 3n].map((usd) => usd * PICO_PER_USD));
    }
  });

  it('charge cached input as input unless they say otherwise', () => {
    expect(priced('2026-10-01T00:00:00Z', { inputTokens: 10, cacheReadTokens: 10 })).toBe('0.000001000000');
    expect(priced('2026-11-02T00:00:00Z', { inputTokens: 10, cacheReadTokens: 10 })).toBe('0.000000500000');
    expect(priced('2026-11-02T00:00:00Z', { inputTokens: 10, cacheWriteTokens: 10 })).toBe('0.000004000000');
    expect(priced('2026-10-01T00:00:00Z', { inputTokens: 10, cacheWriteTokens: 10 })).toBe('0.000001000000');
  });

  it('are for their provider and model only', () => {
    expect(own('azure.ai.openai', 'mine', NOON)).toBeNull();
    expect(own('openai', 'gpt-4o', NOON)?.source).toBe('genai-prices:openai/gpt-4o');
    expect(own('openai', 'mine', NOON)?.source).toBe('contract');
    expect(own('', 'gpt-4o', NOON)).toBeNull();
    expect(own('openai', '', NOON)).toBeNull();
  });
});

it('rounds half up', () => {
  expect([divideRounded(5n, 10n), divideRounded(4n, 10n), divideRounded(15n, 10n)]).toEqual([1n, 0n, 2n]);
});
