/** OTLP `Span.SpanKind`, by its wire number. */
export const SpanKind = { unspecified: 0, internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;

/** OTLP `Status.StatusCode`, by its wire number. */
export const StatusCode = { unset: 0, ok: 1, error: 2 } as const;

/**
 * Attributes as alternating keys and values: `['tenant.id', 'acme', 'user.id', 'u1']`.
 *
 * A flat list of interned strings costs a fifth of an object per span and is quicker to scan than a map at the
 * dozen entries that are kept. Numbers and booleans are written as JSON would write them, arrays as JSON.
 * A key occurs once.
 */
export type Attributes = readonly string[];

/** What the audit knows of one span. Prompt and completion content never gets this far. */
export interface Span {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero. */
  readonly spanId: string;
  /** 16 lower-case hex digits, or null for a root span. */
  readonly parentSpanId: string | null;
  /** W3C `tracestate`, empty where there is none; tells whether and how the trace was sampled. */
  readonly traceState: string;
  /** OTLP `Span.flags`: bit 8 says that bit 9 is meaningful, bit 9 that the parent is remote. */
  readonly flags: number;
  /** `service.name`; `unknown_service` where the resource has none, as the specification wants. */
  readonly service: string;
  readonly scopeName: string;
  readonly scopeVersion: string;
  readonly name: string;
  /** One of `SpanKind`. */
  readonly kind: number;
  /** Microseconds since 1970, UTC; exact as a double until the year 2255. */
  readonly startUs: number;
  readonly endUs: number;
  /** One of `StatusCode`. */
  readonly status: number;
  /** How many attributes the SDK threw away: `dropped_attributes_count`. */
  readonly droppedAttributes: number;
  /** The kept attributes of the span, then those of its resource which the span does not override. */
  readonly attributes: Attributes;
  readonly links: readonly SpanLink[];
  /** What the span says of a request to a model; null where it is no call. */
  readonly call: CallFacts | null;
}

export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  /** The kept attributes of the link itself: a fan-in names the tenant of each piece of work here. */
  readonly attributes: Attributes;
}

/** What one span says of one request to a model, in the same words for every dialect. Empty string: not said. */
export interface CallFacts {
  /** The id of the dialect that read it, such as `otel-genai`. */
  readonly dialect: string;
  /** `chat`, `text_completion`, `generate_content`, `embeddings`, … */
  readonly operation: string;
  /** OpenTelemetry's provider name, such as `openai` or `aws.bedrock`. */
  readonly provider: string;
  readonly requestModel: string;
  readonly responseModel: string;
  /** The provider's id of the response: joins spans with gateway logs. */
  readonly responseId: string;
  readonly conversationId: string;
  readonly stream: boolean;
  /** Null where the span has no token counts at all. */
  readonly usage: Usage | null;
  /** True where the instrumentation is known to guess its token counts. */
  readonly usageEstimated: boolean;
  /** True where a gateway answered from its own cache. */
  readonly cacheReplay: boolean;
  /** What the span itself claims that the call cost: US dollars, a decimal string; null where it says nothing. */
  readonly reportedCostUsd: string | null;
}

/** Token counts: whole numbers from 0 to 2^53 - 1. */
export interface Usage {
  /** All input tokens, cached ones included; null where only output was counted. */
  readonly inputTokens: number | null;
  /** All output tokens, reasoning included; null where the count never came, as in a cut stream. */
  readonly outputTokens: number | null;
  /** The part of the input that was read from the provider's cache. */
  readonly cacheReadTokens: number;
  /** The part of the input that was written to the provider's cache. */
  readonly cacheWriteTokens: number;
  /** The part of the output that was reasoning. */
  readonly reasoningTokens: number;
  /** The part of the input that was audio. */
  readonly inputAudioTokens: number;
  /** The part of the output that was audio. */
  readonly outputAudioTokens: number;
}
