import { context, propagation, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { node, tracing } from '@opentelemetry/sdk-node';
import pino from 'pino';
import { auditTrace } from '../../auditor/audit.js';
import { startReceiver } from '../../collector/otlp/receiver.js';
import type { Call } from '../../schemas/audit.js';
import type { Span } from '../../schemas/span.js';
import { contract } from './contract.js';

/** Prices of the tests' own, so that no list of prices can change what they expect. Dollars a million tokens. */
export const TEST_PRICES = [
  { provider: 'openai', model: 'gpt-4o', inputPerMillion: 2.5, outputPerMillion: 10, cacheReadPerMillion: 1.25 },
  { provider: 'openai', model: 'text-embedding-3-small', inputPerMillion: 0.02, outputPerMillion: 0 },
  {
    provider: 'anthropic',
    model: 'claude-test-1',
    inputPerMillion: 3,
    outputPerMillion: 15,
    cacheReadPerMillion: 0.3,
    cacheWritePerMillion: 3.75,
  },
  {
    provider: 'gcp.gemini',
    model: 'gemini-test-1',
    inputPerMillion: 3,
    outputPerMillion: 15,
    cacheReadPerMillion: 0.3,
  },
  {
    provider: 'aws.bedrock',
    model: 'anthropic.claude-test-1',
    inputPerMillion: 3,
    outputPerMillion: 15,
    cacheReadPerMillion: 0.3,
    cacheWritePerMillion: 3.75,
  },
  { provider: 'aws.bedrock', model: 'mistral.mistral-test-1', inputPerMillion: 3, outputPerMillion: 15 },
];

/** Long enough that the demo's provider counts a part of it as cached: 2,000 characters. */
export const PROMPT = 'Who pays for it? '.repeat(118).slice(0, 2000);

/**
 * What the demo's provider counts for `PROMPT` as the only message of a chat with `gpt-4o`, and what that costs: 316
 * tokens at $2.50, 192 cached ones at $1.25, 46 at $10, a million each.
 */
export const CHAT_CALL = {
  operation: 'chat',
  provider: 'openai',
  model: 'gpt-4o',
  inputTokens: 508,
  cacheReadTokens: 192,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
  outputTokens: 46,
  costUsd: '0.001490000000',
} as const;

/** Real SDKs' spans, as our receiver understands them. */
export interface Capture extends AsyncDisposable {
  /** What instrumentation is to be given. */
  readonly tracerProvider: node.NodeTracerProvider;
  /** Base URL of the receiver, for an SDK that insists on an exporter of its own. */
  readonly otlpUrl: string;
  /** Everything received so far. */
  readonly spans: () => Promise<readonly Span[]>;
  /** The billable calls of everything received so far, in order of start. */
  readonly calls: () => Promise<readonly Call[]>;
}

/**
 * Starts a receiver on a free port and an OpenTelemetry SDK that exports to it.
 *
 * @param options `processors`: further span processors, which see each span before it is exported; `isGlobal`: false
 * where what is tested registers an SDK of its own
 */
export async function startCapture({
  processors = [],
  isGlobal = true,
}: { readonly processors?: readonly tracing.SpanProcessor[]; readonly isGlobal?: boolean } = {}): Promise<Capture> {
  const received: Span[] = [];
  const priced = contract({ prices: TEST_PRICES });
  const receiver = await startReceiver({
    host: '127.0.0.1',
    port: 0,
    contract: priced,
    sink: { write: async (rows) => void received.push(...rows.spans) },
    log: pino({ level: 'silent' }),
    clockUs: () => Date.now() * 1000,
  });
  const otlpUrl = `http://127.0.0.1:${receiver.port}`;
  const exporter = new OTLPTraceExporter({ url: `${otlpUrl}/v1/traces`, keepAlive: false });
  const tracerProvider = new node.NodeTracerProvider({
    spanProcessors: [...processors, new tracing.SimpleSpanProcessor(exporter)],
  });
  if (isGlobal) tracerProvider.register();

  const spans = async (): Promise<readonly Span[]> => {
    await tracerProvider.forceFlush();
    return received;
  };
  return {
    tracerProvider,
    otlpUrl,
    spans,
    calls: async () => {
      const all = await spans();
      const traceIds = [...new Set(all.map(({ traceId }) => traceId))];
      const calls = traceIds.flatMap(
        (id) =>
          auditTrace(
            all.filter(({ traceId }) => traceId === id),
            priced,
          ).calls,
      );
      return calls.toSorted((a, b) => (a.startTime < b.startTime ? -1 : 1));
    },
    [Symbol.asyncDispose]: async () => {
      await tracerProvider.shutdown();
      trace.disable();
      context.disable();
      propagation.disable();
      await receiver.stop();
    },
  };
}
