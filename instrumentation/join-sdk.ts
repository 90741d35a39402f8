import type { Context, TextMapPropagator } from '@opentelemetry/api';
import { propagation } from '@opentelemetry/api';
import type { Span, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { createBaggagePreparation, createBaggagePropagator } from './attribution-propagator.js';
import { createAttributionSpanProcessor } from './attribution-span-processor.js';
import type { Signing } from './sign-attribution.js';
import { createSigner } from './sign-attribution.js';
import { isObject } from './unknown-value.js';

/** Where all copies of `@opentelemetry/api` 1.x in a process, of any version, keep what was registered. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1');

/** How the SDK of an application is joined. */
export interface JoinOptions {
  readonly sign?: Signing | undefined;
  /** Whether baggage is propagated where the application's own propagator leaves it out. */
  readonly addsBaggage: boolean;
}

/**
 * Adds attribution to the OpenTelemetry SDK that the application has started: stamps it on its spans, and puts it first
 * in the baggage that its propagator writes. Nothing else is changed, and nothing is exported.
 *
 * OpenTelemetry has no call to add a span processor to a provider that is running, nor to ask for the propagator, so
 * both are changed in place: the one processor that the SDK's tracers call, and the registered propagator.
 *
 * @returns whether there is such an SDK
 */
export function joinSdk(options: JoinOptions): boolean {
  const provider = providerIn(registered('trace'));
  if (provider === null) return false;
  joinProvider(provider, options);
  joinPropagator(options);
  return true;
}

/**
 * Joins the SDK of the application as soon as it is started. To be called before the application is loaded.
 *
 * @param options as `joinSdk` has them
 */
export function joinSdkOnceStarted(options: JoinOptions): void {
  if (joinSdk(options)) return;
  onSet(globalThis, REGISTERED, (api) => {
    // It is set again with each registration.
    if (joined.has(api)) return;
    joined.add(api);
    // The propagator is registered before the provider by some SDKs, and behind it by others.
    onSet(api, 'propagation', () => joinPropagator(options));
    onSet(api, 'trace', (proxy) => {
      const setDelegate: unknown = Reflect.get(proxy, 'setDelegate');
      if (typeof setDelegate !== 'function') return;
      Reflect.set(proxy, 'setDelegate', (provider: unknown) => {
        Reflect.apply(setDelegate, proxy, [provider]);
        if (isObject(provider)) joinProvider(provider, options);
      });
    });
  });
}

/** What has been changed already. */
const joined = new WeakSet<object>();

function joinProvider(provider: object, { sign }: JoinOptions): void {
  const processor: unknown = Reflect.get(provider, '_activeSpanProcessor');
  if (!isSpanProcessor(processor)) {
    process.emitWarning(
      'The spans of this application carry no attribution: waybill/register cannot add to its tracer provider. Give ' +
        'the provider createAttributionSpanProcessor() of waybill/instrumentation, before the processor that exports.',
      { code: 'WAYBILL_JOIN' },
    );
    return;
  }
  if (joined.has(processor)) return;
  joined.add(processor);
  const own = createAttributionSpanProcessor({ sign });
  const onStart = processor.onStart.bind(processor);
  processor.onStart = (span: Span, parent: Context) => {
    own.onStart(span, parent);
    onStart(span, parent);
  };
}

function joinPropagator({ sign, addsBaggage }: JoinOptions): void {
  const signer = createSigner(sign);
  const theirs = registered('propagation');
  if (theirs === null) {
    if (addsBaggage) propagation.setGlobalPropagator(createBaggagePropagator(signer));
    return;
  }
  if (!isPropagator(theirs) || joined.has(theirs)) return;
  joined.add(theirs);
  const inject = theirs.inject.bind(theirs);
  if (theirs.fields().includes('baggage')) {
    const prepare = createBaggagePreparation(signer);
    theirs.inject = (ctx, carrier, setter) => inject(prepare(ctx), carrier, setter);
    return;
  }
  if (!addsBaggage) return;
  const extract = theirs.extract.bind(theirs);
  const fields = theirs.fields.bind(theirs);
  const own = createBaggagePropagator(signer);
  theirs.inject = (ctx, carrier, setter) => {
    inject(ctx, carrier, setter);
    own.inject(ctx, carrier, setter);
  };
  theirs.extract = (ctx, carrier, getter) => own.extract(extract(ctx, carrier, getter), carrier, getter);
  theirs.fields = () => [...fields(), ...own.fields()];
}

function registered(name: 'trace' | 'propagation'): object | null {
  const api: unknown = Reflect.get(globalThis, REGISTERED);
  const found: unknown = isObject(api) ? Reflect.get(api, name) : null;
  return isObject(found) ? found : null;
}

/** The SDK's provider behind the one that the API hands out; null where only the API's own, which does nothing, is. */
function providerIn(proxy: object | null): object | null {
  const getDelegate: unknown = proxy === null ? null : Reflect.get(proxy, 'getDelegate');
  const provider: unknown = typeof getDelegate === 'function' ? Reflect.apply(getDelegate, proxy, []) : null;
  return isObject(provider) ? provider : null;
}

/** Calls `then` with the object under a key: now where it is there, and whenever another is set. */
function onSet(target: object, key: string | symbol, then: (value: object) => void): void {
  let value: unknown = Reflect.get(target, key);
  if (isObject(value)) then(value);
  Object.defineProperty(target, key, {
    configurable: true,
    enumerable: true,
    get: () => value,
    set(next: unknown) {
      value = next;
      if (isObject(next)) then(next);
    },
  });
}

function isSpanProcessor(value: unknown): value is SpanProcessor {
  return isObject(value) && 'onStart' in value && typeof value.onStart === 'function';
}

function isPropagator(value: object): value is TextMapPropagator {
  return 'inject' in value && 'extract' in value && 'fields' in value;
}
