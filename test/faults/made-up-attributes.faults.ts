import { expect, it } from 'vitest';
import { MAX_KEPT_ATTRIBUTES } from '../../collector/otlp/scan-attributes.js';
import { startMeasuredWaybill } from '../bench/measured-waybill.js';
import { memoryOf } from '../bench/processes.js';
import type { JsonSpan, KeyValue } from '../collector/otlp/request.js';
import { callSpan, requestOf, text, toProtobuf } from '../collector/otlp/request.js';

const REQUESTS = 100;
const SPANS = 100;
const ATTRIBUTES = 100;
const MADE_UP = REQUESTS * SPANS * ATTRIBUTES;
const MOST_NODE_MIB = 500;

it('a tenant that makes up a million keys and values takes bounded memory, is counted, and spoils nobody else', async () => {
  await using waybill = await startMeasuredWaybill();
  for (let request = 0; request < REQUESTS; request += 1) {
    await send(Array.from({ length: SPANS }, (_, i) => hostileSpan(request * SPANS + i)));
    await send([honestSpan(request)]);
  }
  await waybill.caughtUp();

  const metrics = await (await fetch(`${waybill.running.apiUrl}/metrics`)).text();
  const nodeMiB = memoryOf(waybill.nodePid, 'peak');
  const [leftOut, forgotten] = ['attributes_left_out_total', 'attribute_keys_forgotten_total'].map((name) =>
    Number(new RegExp(`^waybill_${name} (\\d+)$`, 'm').exec(metrics)?.[1]),
  );
  console.log(`${MADE_UP} keys: ${leftOut} left out, forgotten ${forgotten} times, Node ${nodeMiB.toFixed(0)} MiB`);
  // Of each span the three of the contract are kept, and so many of the others as there is room for.
  expect(leftOut).toBe(REQUESTS * SPANS * (ATTRIBUTES + 3 - MAX_KEPT_ATTRIBUTES));
  expect(forgotten).toBeGreaterThan(REQUESTS / 2);
  expect(nodeMiB).toBeLessThan(MOST_NODE_MIB);
  expect(await verdictsOf('globex')).toEqual([{ verdict: 'enforceable', calls: REQUESTS, usd: '0.35' }]);
  expect(await verdictsOf('hostile')).toMatchObject([{ calls: REQUESTS * SPANS }]);

  function verdictsOf(tenant: string): Promise<unknown[]> {
    return waybill.store.rows(
      `SELECT toString(verdict) AS verdict, toUInt32(count()) AS calls, toString(sum(cost_usd)) AS usd
       FROM calls FINAL WHERE tenant = {tenant: String} GROUP BY verdict`,
      { tenant },
    );
  }

  async function send(spans: readonly JsonSpan[]): Promise<void> {
    const headers = { 'content-type': 'application/x-protobuf' };
    const body = new Uint8Array(toProtobuf(requestOf(spans)));
    const answer = await fetch(waybill.tracesUrl, { method: 'POST', headers, body });
    expect(answer.status).toBe(200);
  }
});

function hostileSpan(number: number): JsonSpan {
  const madeUp = Array.from({ length: ATTRIBUTES }, (_, i) => {
    const one = number * ATTRIBUTES + i;
    return text(`metadata.user_api_key_${one}`, `made up ${one}`);
  });
  return callOf('hostile', `feature-${number}`, 'b', number, madeUp);
}

function honestSpan(number: number): JsonSpan {
  return callOf('globex', 'chat', 'a', number, []);
}

/** A trace of one call, that happens now. */
function callOf(tenant: string, feature: string, kind: string, number: number, more: readonly KeyValue[]): JsonSpan {
  const nowNs = String(BigInt(Date.now()) * 1_000_000n);
  const attributes = [text('tenant.id', tenant), text('feature.id', feature), text('budget.policy.id', 'pro'), ...more];
  const id = (number + 1).toString(16);
  return {
    ...callSpan(attributes),
    traceId: `${kind}${id.padStart(31, '0')}`,
    spanId: `${kind}${id.padStart(15, '0')}`,
    startTimeUnixNano: nowNs,
    endTimeUnixNano: nowNs,
  };
}
