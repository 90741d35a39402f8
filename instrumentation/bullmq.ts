import type { Context, Span, SpanKind } from '@opentelemetry/api';
import { context, propagation, ROOT_CONTEXT, SpanKind as Kind, SpanStatusCode, trace } from '@opentelemetry/api';
import { InstrumentationBase, InstrumentationNodeModuleDefinition } from '@opentelemetry/instrumentation';
import { isObject } from './unknown-value.js';

/** What BullMQ calls for its spans: its option `telemetry`, as far as it is used here. */
const telemetry = {
  tracer: {
    startSpan: (name: string, { kind }: { kind: SpanKind }, parent?: Context) => startSpan(name, kind, parent),
  },
  contextManager: {
    with: <T>(ctx: Context, fn: () => T): T => context.with(ctx, fn),
    active: (): Context => context.active(),
    root: (): Context => ROOT_CONTEXT,
    getMetadata(ctx: Context): string {
      const headers: Record<string, string> = {};
      propagation.inject(ctx, headers);
      return JSON.stringify(headers);
    },
    // From the root, and never from what is active: a worker takes the next job inside the one before it.
    fromMetadata: (_active: Context, metadata: string): Context => propagation.extract(ROOT_CONTEXT, parsed(metadata)),
  },
};

type Method = (this: Record<string, unknown>, ...args: unknown[]) => unknown;

/**
 * Takes attribution and trace through BullMQ by its own option `telemetry`, where the application does not set that:
 * a span for each job that is put in and each that is worked on. BullMQ's spans of its own upkeep are left out, since
 * they belong to nobody.
 *
 * Ours, since the `bullmq-otel` of BullMQ's makers would install BullMQ for everyone, and starts a job that brings no
 * attribution with that of the job before it.
 */
export class BullMqInstrumentation extends InstrumentationBase {
  constructor() {
    super('waybill/bullmq', '1', {});
  }

  protected override init(): InstrumentationNodeModuleDefinition {
    return new InstrumentationNodeModuleDefinition('bullmq', ['>=5.20.0 <7'], (exported) => {
      const wrap = (of: string, name: string, around: (original: Method) => Method): void => {
        const prototype: unknown = Reflect.get(Object(Reflect.get(Object(exported), of)), 'prototype');
        if (isObject(prototype) && typeof Reflect.get(prototype, name) === 'function')
          this._wrap<Record<string, Method>, string>(Object(prototype), name, around);
      };
      wrap('QueueBase', 'trace', aroundTrace);
      wrap('FlowProducer', 'add', withTelemetry);
      wrap('FlowProducer', 'addBulk', withTelemetry);
      return exported;
    });
  }
}

/** `QueueBase.trace(kind, operation, destination, callback, metadata)`, by which queues and workers make all spans. */
function aroundTrace(original: Method): Method {
  return function (kind, operation, destination, callback, metadata) {
    const options = this['opts'];
    if (!isObject(options)) return original.call(this, kind, operation, destination, callback, metadata);
    if (Reflect.get(options, 'telemetry') === undefined) Reflect.set(options, 'telemetry', telemetry);
    const isOurs = Reflect.get(options, 'telemetry') === telemetry;
    // A job that says nothing, of a producer without telemetry, would run in the context of the job before it.
    const told = isOurs && kind === Kind.CONSUMER && metadata === undefined ? '{}' : metadata;
    return original.call(this, kind, operation, destination, callback, told);
  };
}

function withTelemetry(original: Method): Method {
  return function (...args) {
    this['telemetry'] ??= telemetry;
    return original.apply(this, args);
  };
}

function startSpan(name: string, kind: SpanKind, parent = context.active()) {
  const isJob = kind === Kind.PRODUCER || kind === Kind.CONSUMER;
  const span = isJob ? trace.getTracer('waybill/bullmq').startSpan(name, { kind }, parent) : null;
  return {
    setSpanOnContext: (ctx: Context): Context => (span === null ? ctx : trace.setSpan(ctx, span)),
    setAttribute: (...args: Parameters<Span['setAttribute']>): void => void span?.setAttribute(...args),
    setAttributes: (...args: Parameters<Span['setAttributes']>): void => void span?.setAttributes(...args),
    addEvent: (...args: Parameters<Span['addEvent']>): void => void span?.addEvent(...args),
    recordException(...args: Parameters<Span['recordException']>): void {
      span?.recordException(...args);
      span?.setStatus({ code: SpanStatusCode.ERROR });
    },
    end: (): void => span?.end(),
  };
}

function parsed(metadata: string): object {
  try {
    const headers: unknown = JSON.parse(metadata);
    return isObject(headers) ? headers : {};
  } catch {
    // Whatever wrote that, the job itself must be worked on.
    return {};
  }
}
