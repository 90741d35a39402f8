import { trace } from '@opentelemetry/api';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { getAttribution, withAttribution } from '../../instrumentation/attribution.js';
import { attributionHeaders } from '../../instrumentation/carry-attribution.js';
import { withSharedAttribution } from '../../instrumentation/shared-attribution.js';
import type { Otel } from '../support/otel.js';
import { startOtel } from '../support/otel.js';

let otel: Otel;
beforeAll(() => {
  otel = startOtel();
});
afterAll(() => otel.stop());
afterEach(() => otel.clear());

/** A job of a tenant: its attribution, and the headers of the span that asked for it. */
const job = (tenant: string) =>
  withAttribution({ tenant, feature: 'embed' }, () =>
    trace.getTracer('test').startActiveSpan('asked', (span) => {
      span.end();
      return { ...getAttribution(), headers: attributionHeaders() };
    }),
  );

describe('one call for several tenants', () => {
  it('links to the work of each, and carries only what all agree on', async () => {
    const jobs = [job('acme'), job('globex')];
    const inside = await withAttribution({ tenant: 'worker', policy: 'pro' }, () =>
      withSharedAttribution(jobs, async () => getAttribution()),
    );
    expect(inside).toEqual({ feature: 'embed' });
    const asked = otel.spans().filter(({ name }) => name === 'asked');
    const shared = otel.spans().find(({ name }) => name === 'shared work');
    expect(shared?.attributes).toEqual({ 'feature.id': 'embed' });
    expect(shared?.links.map(({ context, attributes }) => [context.spanId, attributes?.['tenant.id']])).toEqual(
      ['acme', 'globex'].map((tenant, i) => [asked[i]?.spanContext().spanId, tenant]),
    );
  });

  it('throws what the work throws, and the span says so', async () => {
    const fail = () => {
      throw new Error('away');
    };
    expect(() => withSharedAttribution([job('acme')], fail)).toThrow('away');
    await expect(withSharedAttribution([job('acme')], async () => fail())).rejects.toThrow('away');
    const shared = otel.spans().filter(({ name }) => name === 'shared work');
    expect(shared.map(({ status }) => status.code)).toEqual([2, 2]);
  });
});
