import { seededRandom } from '../support/random.js';
import type { JsonRequest, JsonSpan, KeyValue } from '../collector/otlp/request.js';
import { int, requestOf, text } from '../collector/otlp/request.js';

/** Spans in one request: what an SDK's batch processor sends at most by default. */
export const REQUEST_SPANS = 512;

const SERVICES = ['web', 'agent', 'router', 'litellm', 'pool'];
const START_NS = 1_793_620_800_000_000_000n;

/**
 * GenAI traces of 2 to 40 spans over 2 to 5 services, of 1,000 tenants, 50 features and 20 models; every span has 15
 * attributes and about 640 bytes, one in three is a call. The same seed gives the same requests.
 *
 * @param startNs when the first span starts; none: a fixed day
 */
export function benchRequests(requests: number, seed: number, startNs = START_NS): JsonRequest[] {
  const random = seededRandom(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const id = (bytes: number): string =>
    Array.from({ length: bytes }, () => (1 + below(255)).toString(16).padStart(2, '0')).join('');

  function traceSpans(): { service: string; span: JsonSpan }[] {
    const services = SERVICES.slice(0, 2 + below(4));
    const count = Math.max(services.length, 2 + below(39));
    const traceId = id(16);
    const attribution = [
      text('tenant.id', `tenant-${below(1_000)}`),
      text('feature.id', `feature-${below(50)}`),
      text('budget.policy.id', 'pro-monthly'),
      text('user.id', `user-${below(9_999)}`),
    ];
    let parentSpanId = '';
    return Array.from({ length: count }, (_, i) => {
      const service = services[Math.floor((i * services.length) / count)] ?? 'web';
      const isCall = i % 3 === 2 || i === count - 1;
      const startNano = startNs + BigInt(below(1_000_000) * 1_000);
      const span: JsonSpan = {
        traceId,
        spanId: id(8),
        parentSpanId,
        name: isCall ? 'chat gpt-4o' : `POST /v1/route-${below(40)}`,
        kind: isCall ? 3 : 2,
        startTimeUnixNano: String(startNano),
        endTimeUnixNano: String(startNano + 1_500_000_000n),
        attributes: [...attribution, ...(isCall ? callAttributes(below) : requestAttributes(below))],
        status: {},
        flags: 257,
      };
      if (!isCall) parentSpanId = span.spanId;
      return { service, span };
    });
  }

  return Array.from({ length: requests }, () => {
    const byService = new Map<string, JsonSpan[]>();
    for (let held = 0; held < REQUEST_SPANS;) {
      for (const { service, span } of traceSpans().slice(0, REQUEST_SPANS - held)) {
        byService.set(service, [...(byService.get(service) ?? []), span]);
        held += 1;
      }
    }
    const parts = [...byService].map(([service, spans]) => requestOf(spans, service, '@opentelemetry/genai'));
    return { resourceSpans: parts.flatMap(({ resourceSpans }) => resourceSpans) };
  });
}

function callAttributes(below: (n: number) => number): KeyValue[] {
  const model = `model-${below(20)}-2026-05-13`;
  return [
    text('gen_ai.operation.name', 'chat'),
    text('gen_ai.provider.name', 'openai'),
    text('gen_ai.request.model', model),
    text('gen_ai.response.model', model),
    text('gen_ai.response.id', `chatcmpl-${below(2 ** 30)}-${below(2 ** 30)}`),
    int('gen_ai.usage.input_tokens', 200 + below(9_999)),
    int('gen_ai.usage.output_tokens', below(999)),
    int('gen_ai.request.max_tokens', 1_024),
    text('gen_ai.response.finish_reasons', 'stop'),
    text('server.address', 'api.openai.com'),
    int('server.port', 443),
  ];
}

function requestAttributes(below: (n: number) => number): KeyValue[] {
  return [
    text('http.request.method', 'POST'),
    text('http.route', `/v1/route-${below(40)}`),
    text('url.path', `/v1/route-${below(40)}`),
    text('url.scheme', 'https'),
    text('url.full', `https://gateway.example.com/v1/things/${below(2 ** 30)}/parts/${below(999)}`),
    text('user_agent.original', 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0'),
    int('http.response.status_code', 200),
    text('network.protocol.version', '1.1'),
    text('server.address', 'gateway.example.com'),
    int('server.port', 443),
    text('client.address', `10.0.${below(255)}.${below(255)}`),
  ];
}
