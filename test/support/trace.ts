import type { CallFacts, Span, Usage } from '../../schemas/span.js';
import { SpanKind, StatusCode } from '../../schemas/span.js';

/** The three attributes as a clean request carries them. */
export const clean = { tenant: 'acme', feature: 'chat', policy: 'pro-monthly' } as const;

export interface CarriedValues {
  readonly tenant?: string | undefined;
  readonly feature?: string | undefined;
  readonly policy?: string | undefined;
  readonly user?: string;
}

/** A place in a trace that is being built. Places may be kept, to branch off from later. */
export interface Place {
  readonly spanId: string;
  /** A server span of another process below this place: a new station. */
  station(service: string, carried?: CarriedValues, change?: Partial<Span>): Place;
  /** An internal span of the same service below this place. */
  inside(carried?: CarriedValues, change?: Partial<Span>): Place;
  /**
   * A call to a model by the same service below this place; it carries what this place does, unless told otherwise.
   * Usage null: it did not count its tokens.
   */
  call(model: string, usage?: Partial<Usage> | null, change?: CallChange): Place;
  /** All spans of the trace so far, in the order in which they were added. */
  readonly spans: readonly Span[];
}

export interface CallChange extends CarriedValues {
  readonly span?: Partial<Span>;
  readonly facts?: Partial<CallFacts>;
}

const KEYS = { tenant: 'tenant.id', feature: 'feature.id', policy: 'budget.policy.id', user: 'user.id' } as const;

/** 2026-11-02, a Monday, 12:00 UTC. */
export const START_US = 1_793_620_800_000_000;

const NO_USAGE: Usage = {
  inputTokens: null,
  outputTokens: null,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  inputAudioTokens: 0,
  outputAudioTokens: 0,
};

/** Starts a trace; its number makes its id. */
export function trace(number = 1): Pick<Place, 'station' | 'spans'> {
  const traceId = number.toString(16).padStart(32, '0');
  const spans: Span[] = [];

  const carriedBy = new Map<string, CarriedValues>();

  function add(parent: string | null, service: string, change: Partial<Span>, carried: CarriedValues = {}): Place {
    const order = spans.length + 1;
    const span: Span = {
      traceId,
      spanId: order.toString(16).padStart(16, '0'),
      parentSpanId: parent,
      traceState: '',
      flags: 0x101,
      service,
      scopeName: 'test',
      scopeVersion: '1',
      name: `${service} ${order}`,
      kind: SpanKind.internal,
      startUs: START_US + order * 1_000,
      endUs: START_US + 1_000_000 - order,
      status: StatusCode.unset,
      droppedAttributes: 0,
      attributes: attributesOf(carried),
      links: [],
      call: null,
      ...change,
    };
    spans.push(span);
    carriedBy.set(span.spanId, carried);
    return placeAt(span);
  }

  function placeAt({ spanId, service }: Span): Place {
    return {
      spanId,
      spans,
      station: (other, carried, change) =>
        add(spanId, other, { kind: SpanKind.server, flags: 0x301, ...change }, carried),
      inside: (carried, change) => add(spanId, service, { ...change }, carried),
      call: (model, usage = { inputTokens: 1000, outputTokens: 100 }, { span, facts, ...carried } = {}) =>
        add(
          spanId,
          service,
          { kind: SpanKind.client, name: `chat ${model}`, call: callFacts(model, usage, facts), ...span },
          { ...carriedBy.get(spanId), ...carried },
        ),
    };
  }

  return {
    spans,
    station: (service, carried, change) => add(null, service, { kind: SpanKind.server, ...change }, carried),
  };
}

/** The facts of a chat call to OpenAI. */
export function callFacts(model: string, usage: Partial<Usage> | null, facts: Partial<CallFacts> = {}): CallFacts {
  return {
    dialect: 'otel-genai',
    operation: 'chat',
    provider: 'openai',
    requestModel: model,
    responseModel: model,
    responseId: '',
    conversationId: '',
    stream: false,
    usage: usage === null ? null : { ...NO_USAGE, ...usage },
    usageEstimated: false,
    cacheReplay: false,
    reportedCostUsd: null,
    ...facts,
  };
}

function attributesOf(carried: CarriedValues): string[] {
  const names = ['tenant', 'feature', 'policy', 'user'] as const;
  return names.flatMap((name) => {
    const value = carried[name];
    return value === undefined ? [] : [KEYS[name], value];
  });
}
