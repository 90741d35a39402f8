// An application with an OpenTelemetry SDK of its own, which it starts here unless `--import` has done so before.
import { endedSpans } from './sdk.mjs';
import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { setAttribution, withAttribution } from 'waybill/instrumentation';

const tracer = trace.getTracer('app');
const written = {};
let baggage = propagation.createBaggage();
for (let i = 0; i < 100; i += 1) baggage = baggage.setEntry(`k${i}`, { value: 'v'.repeat(200) });

context.with(propagation.setBaggage(ROOT_CONTEXT, baggage), () =>
  withAttribution({ tenant: 'acme', feature: 'chat', policy: 'pro' }, () =>
    tracer.startActiveSpan('request', (span) => {
      tracer.startActiveSpan('call', (call) => {
        setAttribution({ user: 'late' });
        propagation.inject(context.active(), written);
        call.end();
      });
      span.end();
    }),
  ),
);

// What comes in from another service.
const heard = propagation.extract(ROOT_CONTEXT, { baggage: 'tenant.id=globex', traceparent: written.traceparent });
context.with(heard, () => tracer.startSpan('from outside').end());

process.stdout.write(JSON.stringify({ spans: await endedSpans(), written }));
