import { AwsInstrumentation } from '@opentelemetry/instrumentation-aws-sdk';
import { GEN_AI_OPERATION_NAME, GEN_AI_REQUEST_STREAM, USAGE_SOURCE } from '../schemas/attributes.js';
import { readConverse, readInvoke, readInvokeHeaders } from './bedrock-usage.js';
import { ending, isSpan, markFailed, watched } from './call-span.js';
import { get, isAsyncIterable, isMethod, isObject, wrapMethod } from './unknown-value.js';

const STREAMS: ReadonlySet<unknown> = new Set(['ConverseStream', 'InvokeModelWithResponseStream']);
const INVOKES: ReadonlySet<unknown> = new Set(['InvokeModel', 'InvokeModelWithResponseStream']);

/** Headers of an answer, by the answer that the client hands on, which has none. */
type HeadersOf = WeakMap<object, unknown>;

/**
 * Instruments the AWS SDK, with spans for Amazon Bedrock that are fit to be billed. By itself
 * `@opentelemetry/instrumentation-aws-sdk` reports no cached tokens and, in Converse, an input without them; of
 * InvokeModel it reads the counts of some families only, and guesses those of others; the output of a stream of Claude's
 * is that of its first event; and the span of a stream that is refused never ends. The names of its parts are those of
 * 0.78; where a version has others, its spans stay as they are.
 */
export function createAwsInstrumentation(): AwsInstrumentation {
  const headersOf: HeadersOf = new WeakMap();
  const instrumentation = new AwsInstrumentation({
    responseHook(span, { response }) {
      if (response.request.commandName !== 'InvokeModel') return;
      const told = readInvoke(get(response.data, 'body')).attributes;
      const headers = isObject(response.data) ? headersOf.get(response.data) : null;
      span.setAttributes(USAGE_SOURCE in told ? told : readInvokeHeaders(headers));
    },
    exceptionHook(span, { request }, error) {
      if (request.serviceName !== 'BedrockRuntime') return;
      markFailed(span, error);
      // Of a stream, the package leaves the end to the stream, which there is none of.
      if (STREAMS.has(request.commandName)) span.end();
    },
    preRequestHook(span, { request }) {
      if (!INVOKES.has(request.commandName)) return;
      span.setAttribute(GEN_AI_OPERATION_NAME, isEmbedding(request.commandInput) ? 'embeddings' : 'chat');
      if (STREAMS.has(request.commandName)) span.setAttribute(GEN_AI_REQUEST_STREAM, true);
    },
  });
  keepHeaders(instrumentation, headersOf);
  const services: unknown = get(instrumentation, 'servicesExtensions', 'services');
  const bedrock: unknown = services instanceof Map ? services.get('BedrockRuntime') : null;
  if (isObject(bedrock)) completeBedrock(bedrock);
  return instrumentation;
}

function completeBedrock(bedrock: object): void {
  wrapMethod(bedrock, 'setUsage', (original) => {
    return function (response, span, usage, ...rest) {
      const result = original.call(this, response, span, usage, ...rest);
      // After the package's own, whose input leaves out what was cached.
      if (isSpan(span)) span.setAttributes(readConverse({ usage }).attributes);
      return result;
    };
  });
  wrapMethod(bedrock, 'wrapConverseStreamResponse', (original) => {
    return function (response, stream, span, ...rest) {
      const isOurs = isAsyncIterable(stream) && isSpan(span);
      return original.call(this, response, isOurs ? watched(stream, span, readConverse) : stream, span, ...rest);
    };
  });
  // In place of the package's own, which reads less and would write over what is read here.
  wrapMethod(bedrock, 'responseHookInvokeModelWithResponseStream', (original) => {
    return function (response, span, ...rest) {
      const data = get(response, 'data');
      const body = get(data, 'body');
      if (!isObject(data) || !isAsyncIterable(body) || !isSpan(span))
        return original.call(this, response, span, ...rest);
      Reflect.set(
        data,
        'body',
        ending(
          watched(body, span, (event) => readInvoke(get(event, 'chunk', 'bytes'))),
          span,
        ),
      );
      return data;
    };
  });
}

/** Lets the headers of answers be found again: those of InvokeModel count tokens for every model. */
function keepHeaders(instrumentation: AwsInstrumentation, headersOf: HeadersOf): void {
  const seen = new WeakSet<object>();
  const middleware = (next: unknown) => async (args: unknown) => {
    const result: unknown = isMethod(next) ? await next(args) : undefined;
    const output = get(result, 'output');
    if (isObject(output)) headersOf.set(output, get(result, 'response', 'headers'));
    return result;
  };
  wrapMethod(instrumentation, '_getV3SmithyClientSendPatch', (original) => {
    return function (...args) {
      const send = original.apply(this, args);
      if (!isMethod(send)) return send;
      return function (this: unknown, ...sent: unknown[]) {
        const stack = get(this, 'middlewareStack');
        const add = get(stack, 'add');
        if (
          get(this, 'config', 'serviceId') === 'Bedrock Runtime' &&
          isObject(stack) &&
          isMethod(add) &&
          !seen.has(stack)
        ) {
          seen.add(stack);
          add.call(stack, middleware, { step: 'deserialize', priority: 'high', name: 'waybillHeaders' });
        }
        return send.apply(this, sent);
      };
    };
  });
}

function isEmbedding(input: unknown): boolean {
  const model = get(input, 'modelId');
  return typeof model === 'string' && model.includes('embed');
}
