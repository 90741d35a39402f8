import type { Usage } from '../../schemas/span.js';

/** Token counts as a sender gave them; null where it gave none. */
export interface ReportedCounts {
  readonly input: number | null;
  readonly output: number | null;
  readonly cacheRead: number | null;
  readonly cacheWrite: number | null;
  readonly reasoning: number | null;
  readonly inputAudio: number | null;
  readonly outputAudio: number | null;
}

/**
 * Puts token counts into OpenTelemetry's form, in which the parts are inside the totals.
 *
 * @param parts whether the sender counts cached, audio and reasoning tokens inside its totals or beside them
 * @returns null where nothing was counted
 */
export function usageFrom(counts: ReportedCounts, parts: 'within' | 'beside'): Usage | null {
  const { input, output, cacheRead, cacheWrite, reasoning, inputAudio, outputAudio } = counts;
  const said = input ?? output ?? cacheRead ?? cacheWrite ?? reasoning ?? inputAudio ?? outputAudio;
  if (said === null) return null;
  const isBeside = parts === 'beside';
  const besideInput = isBeside ? (cacheRead ?? 0) + (cacheWrite ?? 0) + (inputAudio ?? 0) : 0;
  const besideOutput = isBeside ? (reasoning ?? 0) + (outputAudio ?? 0) : 0;
  return {
    inputTokens: input === null ? null : countOrNull(input + besideInput),
    outputTokens: output === null ? null : countOrNull(output + besideOutput),
    cacheReadTokens: cacheRead ?? 0,
    cacheWriteTokens: cacheWrite ?? 0,
    reasoningTokens: reasoning ?? 0,
    inputAudioTokens: inputAudio ?? 0,
    outputAudioTokens: outputAudio ?? 0,
  };
}

/** Whatever is no count (NaN, a negative number, a fraction, past 2^53) was not reported. */
export function countOrNull(value: number): number | null {
  return Number.isSafeInteger(value) && value >= 0 ? value : null;
}
