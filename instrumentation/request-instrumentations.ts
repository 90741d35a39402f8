import type { ClientRequest, IncomingMessage } from 'node:http';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import type { GatewayHeaders } from './gateway-headers.js';
import type { ModelEndpoints } from './model-endpoint.js';
import { operationAt } from './model-endpoint.js';

/** Instruments `http` and `fetch`: marks requests to models, and gives those to gateways the headers that they read. */
export function requestInstrumentations({ mark }: ModelEndpoints, gatewayHeaders: GatewayHeaders) {
  return [
    new HttpInstrumentation({
      requestHook(span, request) {
        if (!isOutgoing(request)) return;
        const { method, host, path } = request;
        if (operationAt(method, path) !== null)
          mark(span, { method, host, path, userAgent: String(request.getHeader('user-agent') ?? '') });
        gatewayHeaders.addToHttp(request);
      },
    }),
    new UndiciInstrumentation({
      requestHook(span, request) {
        const { method, origin, path, headers } = request;
        // Most requests are none to a model, and an address takes long to read.
        if (operationAt(method, path) !== null)
          mark(span, { method, host: new URL(origin).hostname, path, userAgent: userAgentIn(headers) });
        gatewayHeaders.addToUndici(request);
      },
    }),
  ];
}

/** The hook is called for requests that come in, too; only those that go out may be calls. */
function isOutgoing(request: ClientRequest | IncomingMessage): request is ClientRequest {
  return 'getHeader' in request;
}

/** From undici 6 on, headers are a list in which names and values take turns; before, they are the text itself. */
function userAgentIn(headers: string | readonly (string | readonly string[])[]): string {
  if (typeof headers === 'string') return /^user-agent: *(.*)$/im.exec(headers)?.[1]?.trim() ?? '';
  const at = headers.findIndex((one, i) => i % 2 === 0 && String(one).toLowerCase() === 'user-agent');
  return at === -1 ? '' : String(headers[at + 1]);
}
