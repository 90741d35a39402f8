import type { Context } from '@opentelemetry/api';
import { context, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import { createAttributionPropagator } from './attribution-propagator.js';

/** Headers of a request or of a job's payload. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

const w3c = createAttributionPropagator();

/**
 * Ties a function to the attribution and the span that are active now, whenever and from wherever it is called.
 *
 * Node keeps the context by itself over `await`, timers and streams that are piped. It loses it where something that
 * was made earlier calls back: listeners of an event emitter run with the context of whoever emits, work from a pool
 * or a queue with that of whoever started the pool.
 *
 * ```ts
 * emitter.on('done', bindAttribution(() => ask(model)));
 * ```
 */
export function bindAttribution<This, Args extends unknown[], Result>(
  fn: (this: This, ...args: Args) => Result,
): (this: This, ...args: Args) => Result {
  const bound = context.active();
  return function (this: This, ...args: Args): Result {
    return context.with(bound, () => fn.apply(this, args));
  };
}

/**
 * Ties an async iterator, say a stream of chunks, to the attribution that is active now. The body of a generator runs
 * with the context of whoever asks for the next value, which may be another request's.
 */
export function bindAttributionOf<T>(iterable: AsyncIterable<T>): AsyncIterable<T> {
  const bound = context.active();
  return {
    [Symbol.asyncIterator]() {
      const iterator = context.with(bound, () => iterable[Symbol.asyncIterator]());
      return {
        next: (...args) => context.with(bound, () => iterator.next(...args)),
        // A generator that is left early runs its `finally` here; an iterator without one is simply left.
        return: async (value) =>
          (await context.with(bound, () => iterator.return?.(value))) ?? { done: true, value: await value },
      };
    },
  };
}

/**
 * The active attribution and trace, as headers to put into a job's payload, a message or a worker's `workerData`: plain
 * strings, which survive any queue. `fromHeaders` takes them up again.
 *
 * @returns `baggage`, and `traceparent` and `tracestate` where a span is active
 */
export function attributionHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  // The application's own propagator first: it may write more, and may sign.
  propagation.inject(context.active(), headers);
  if (headers['baggage'] !== undefined) return headers;
  const own: Record<string, string> = {};
  w3c.inject(context.active(), own, { set: (carrier, key, value) => (carrier[key] = value) });
  return { ...own, ...headers };
}

/**
 * Runs `fn` with the attribution and in the trace that `attributionHeaders` wrote down. Only for payloads of your own:
 * headers from outside prove nothing (see `attribution` of `waybill/express`, `waybill/fastify` and `waybill/hono`).
 *
 * @param headers the headers; what is not of attribution or trace is passed over, and nothing in them can throw
 * @returns what `fn` returns
 */
export function fromHeaders<T>(headers: Headers, fn: () => T): T {
  return context.with(contextFrom(headers), fn);
}

/** The context that headers describe; the job's own, not that of the worker that happens to run it. */
export function contextFrom(headers: unknown): Context {
  if (typeof headers !== 'object' || headers === null) return ROOT_CONTEXT;
  return w3c.extract(ROOT_CONTEXT, headers, {
    keys: (carrier) => Object.keys(carrier),
    get(carrier, key) {
      const value: unknown = Reflect.get(carrier, key);
      if (typeof value === 'string') return value;
      return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : undefined;
    },
  });
}
