import type { Span as ApiSpan, Context } from '@opentelemetry/api';
import { trace } from '@opentelemetry/api';
import type { Span } from '@opentelemetry/sdk-trace-base';
import { GEN_AI_OPERATION_NAME, GEN_AI_PROVIDER_NAME } from '../schemas/attributes.js';
import { modelHosts } from '../schemas/model-hosts.js';
import type { SpanHooks } from './span-hooks.js';
import { get } from './unknown-value.js';

/** An outgoing HTTP request, as far as it tells whether it asks a model. */
export interface OutgoingRequest {
  readonly method: string;
  /** Host name without port. */
  readonly host: string;
  /** Path, with or without a query. */
  readonly path: string;
  /** How the client names itself; empty where it does not. */
  readonly userAgent: string;
}

/** What is known elsewhere of requests to models, and who wants to know of them. */
export interface ModelEndpointsOptions {
  /** Whether a request that is sent now is reported elsewhere than above it. */
  readonly isReported: () => boolean;
  /** Told the user agent of each request to a model that no client reports. */
  readonly onUnreported: (userAgent: string) => void;
}

/** What recognises requests to models that no client library reports. */
export interface ModelEndpoints {
  /** Remember which span is above which. */
  readonly spanHooks: SpanHooks;
  /** Marks the span of an outgoing request as a call, where it asks a model and no span above it says so already. */
  readonly mark: (span: ApiSpan, request: OutgoingRequest) => void;
}

/** Operations that are one request to a model; an agent's or a tool's span above does not stand for the request. */
const CALLS: ReadonlySet<unknown> = new Set(['chat', 'generate_content', 'text_completion', 'embeddings']);

/** What other dialects write on the span of a call. */
const CALL_KINDS: ReadonlySet<unknown> = new Set(['LLM', 'EMBEDDING']);
const CALL_KIND = 'openinference.span.kind';

/**
 * Makes what marks requests to models. A gateway has no model client that could be instrumented: it sends requests
 * itself, and without a mark the place of the call would show no call at all. A marked span has no token counts; the
 * call above it, in the application, has them.
 */
export function createModelEndpoints({ isReported, onUnreported }: ModelEndpointsOptions): ModelEndpoints {
  return {
    spanHooks: {
      onStart(span: Span & Placed, parentContext) {
        let above = placedIn(parentContext);
        // What has ended and is no call will never be one. Without this, a chain of work that each time starts the next,
        // such as a timer that sets itself again, would be kept whole.
        while (above !== undefined && hasEnded(above) && !isCall(above)) above = above[ABOVE];
        // Set where there is none, too: spans of one shape are faster to handle, for the SDK as well.
        span[ABOVE] = above;
      },
    },
    mark(span, request) {
      const operation = operationOf(request);
      // Of a span that is not recorded, it is not known what lies above.
      if (operation === null || !span.isRecording() || isInsideCall(span) || isReported()) return;
      onUnreported(request.userAgent);
      span.setAttribute(GEN_AI_OPERATION_NAME, operation);
      const provider = providerAt(request.host);
      if (provider !== null) span.setAttribute(GEN_AI_PROVIDER_NAME, provider);
    },
  };
}

/** The span above, kept on the span itself: this is done for every span, and a `WeakMap` costs far more. */
const ABOVE = Symbol('waybill: the span above');

interface Placed {
  [ABOVE]?: (ApiSpan & Placed) | undefined;
}

function placedIn(ctx: Context): (ApiSpan & Placed) | undefined {
  return trace.getSpan(ctx);
}

/** Attributes may be set after the start, so the spans above are asked when a request goes out, not before. */
function isInsideCall(span: ApiSpan & Placed): boolean {
  for (let above = span[ABOVE]; above !== undefined; above = above[ABOVE]) {
    if (isCall(above)) return true;
  }
  return false;
}

function hasEnded(span: object): boolean {
  return 'ended' in span && span.ended === true;
}

/** The span of a caller in another process has no attributes here. */
function isCall(span: object): boolean {
  const attributes = 'attributes' in span ? span.attributes : undefined;
  return CALLS.has(get(attributes, GEN_AI_OPERATION_NAME)) || CALL_KINDS.has(get(attributes, CALL_KIND));
}

/** What is asked for at providers' APIs, by the end of the path. Only the first is telling enough to be believed at any host. */
const CHAT_COMPLETIONS = '/chat/completions';
const operations: ReadonlyMap<string, string> = new Map([
  ['/responses', 'chat'],
  ['/messages', 'chat'],
  ['/converse', 'chat'],
  ['/converse-stream', 'chat'],
  ['/completions', 'text_completion'],
  ['/embeddings', 'embeddings'],
  [':generateContent', 'generate_content'],
  [':streamGenerateContent', 'generate_content'],
]);

/** At a host that is not known to serve models, `/messages` may be anything: then only the APIs' own paths count. */
const TELLING_PATH = /\/chat\/completions$|\/v1\/(completions|responses|embeddings|messages)$/;

/** The operation of a request to a model; null where it is none. */
export function operationOf({ method, host, path }: Omit<OutgoingRequest, 'userAgent'>): string | null {
  const operation = operationAt(method, path);
  if (operation === null || (providerAt(host) === null && !TELLING_PATH.test(plainPath(path)))) return null;
  return operation;
}

/** The operation that a request would be at a host that serves models: most requests can be told by this, at little cost. */
export function operationAt(method: string, path: string): string | null {
  if (method !== 'POST' && method.toUpperCase() !== 'POST') return null;
  const plain = plainPath(path);
  if (plain.endsWith(CHAT_COMPLETIONS)) return 'chat';
  return operations.get(plain.slice(Math.max(plain.lastIndexOf('/'), plain.lastIndexOf(':'), 0))) ?? null;
}

function plainPath(path: string): string {
  const query = path.indexOf('?');
  return query === -1 ? path : path.slice(0, query);
}

/** OpenTelemetry's name of the provider at a host; null where it is not known. */
export function providerAt(host: string): string | null {
  return modelHosts.find((one) => one.host.test(host.toLowerCase()))?.provider ?? null;
}
