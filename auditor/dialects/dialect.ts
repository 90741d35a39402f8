/** Where a dialect writes one thing: an attribute key, or a place inside an attribute whose value is JSON. */
export type Source = string | JsonSource;

export interface JsonSource {
  readonly key: string;
  /** Object keys, outermost first. */
  readonly path: readonly string[];
}

/** Holds where the value of the source is one of these words, in any case; words none: where it says anything. */
export interface Condition {
  readonly source: Source;
  readonly words: readonly string[] | null;
}

/** Instrumentation scopes by name, from one version up to another. A `*` at the end of the name stands for any ending. */
export interface ScopeMatch {
  readonly name: string;
  /** First version; none: all up to `before`. */
  readonly since?: string;
  /** First version that no longer belongs. */
  readonly before?: string;
}

/** Instrumentation that is known to guess its token counts. */
export interface Estimate {
  readonly scope: ScopeMatch;
  /** Matches the request model. */
  readonly model: RegExp;
  /** Where one of these holds, the counts are the provider's after all. */
  readonly unless: readonly Condition[];
}

/** One way in which a dialect writes token counts: which keys, and what is a part of what. */
export interface UsageForm {
  /** Only instrumentation of these scopes writes so; none: all of it does. */
  readonly scopes?: readonly ScopeMatch[];
  /** Only spans on which one of these holds are written so; none: all are. */
  readonly when?: readonly Condition[];
  readonly inputTokens: readonly Source[];
  readonly outputTokens: readonly Source[];
  readonly cacheReadTokens: readonly Source[];
  readonly cacheWriteTokens: readonly Source[];
  readonly reasoningTokens: readonly Source[];
  readonly inputAudioTokens: readonly Source[];
  readonly outputAudioTokens: readonly Source[];
  /**
   * Whether the input includes what was cached or audio, and the output what was reasoning or audio (OpenTelemetry,
   * OpenAI), or each is counted beside it (Anthropic's own API, Langfuse).
   */
  readonly parts: 'within' | 'beside';
}

/** What a span says that its call cost. */
export interface CostSource {
  /** The amount: US dollars, unless `currency` is there and says otherwise; then it is not read. */
  readonly amount: Source;
  readonly currency?: Source;
  /** Whether it writes 0 for a model whose price it does not know, and for nothing else that can be told. */
  readonly zeroIsUnknown?: boolean;
}

/**
 * One way of writing a call to a model on a span, as data. Lists are tried in order, today's key first and the oldest
 * last; the first that says something counts.
 */
export interface Dialect {
  readonly id: string;
  /** Instrumentation that is known to speak it. */
  readonly scopes: readonly ScopeMatch[];
  /** Keys any of which shows that a span speaks it, whatever its scope. */
  readonly marks: readonly string[];
  /** Further keys which show it on spans of its scopes, where others may speak too; elsewhere they say nothing. */
  readonly scopeMarks?: readonly string[];
  readonly call: {
    /** Where it says what kind of work a span is. */
    readonly kind: readonly Source[];
    /** The kinds that are calls, to the name of the operation in OpenTelemetry's words. All others are no calls. */
    readonly operations: Readonly<Record<string, string>>;
    /** The operation of a span that names no kind, but a request model and a provider; null: such a span is no call. */
    readonly unnamed: string | null;
  };
  readonly provider: readonly Source[];
  /** Its own spellings of providers, lower case, to OpenTelemetry's. */
  readonly providerNames?: Readonly<Record<string, string>>;
  /** What to take for the provider of a span that names none; without it, it stays unknown. */
  readonly unsaidProvider?: 'maker-of-model';
  readonly requestModel: readonly Source[];
  readonly responseModel: readonly Source[];
  /** Whether a model may be written behind its provider, as in `openai/gpt-4o`; then what stands before it is cut off. */
  readonly modelBehindProvider?: boolean;
  readonly responseId: readonly Source[];
  readonly conversationId: readonly Source[];
  readonly stream: readonly Condition[];
  /** Tried in order: the first form in which the span has any count is read. */
  readonly usage: readonly UsageForm[];
  readonly estimates?: readonly Estimate[];
  readonly cost: readonly CostSource[];
  /** Holds where a gateway answered from its own cache. */
  readonly cacheReplay: readonly Condition[];
  /** Keys of its own that can bear on attribution, which spans keep; a `*` at the end stands for any ending. */
  readonly attribution: readonly string[];
}

/** Declares a dialect. */
export function dialect(definition: Dialect): Dialect {
  return definition;
}

/** A condition: the value of an attribute is one of these words, in any case. */
export function is(source: Source, ...words: readonly string[]): Condition {
  return { source, words };
}

/** A condition: the attribute says anything at all. */
export function says(source: Source): Condition {
  return { source, words: null };
}

/** A place inside an attribute whose value is JSON: `json('usage_details', 'input')`. */
export function json(key: string, ...path: readonly string[]): JsonSource {
  return { key, path };
}

/** Whether a pattern with an optional `*` at its end matches a name. */
export function matchesPattern(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/** Whether an instrumentation scope is among those meant. */
export function matchesScope(match: ScopeMatch, scopeName: string, scopeVersion: string): boolean {
  if (!matchesPattern(match.name, scopeName)) return false;
  if (match.since !== undefined && compareVersions(scopeVersion, match.since) < 0) return false;
  return match.before === undefined || compareVersions(scopeVersion, match.before) < 0;
}

/** Compares the numbers of two versions (`1.10.0` is above `1.9`); what is no number counts as 0. */
function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  for (let i = 0; i < 3; i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbersOf(version: string): number[] {
  return version.split(/[.\-+]/, 3).map((part) => Number.parseInt(part, 10) || 0);
}
