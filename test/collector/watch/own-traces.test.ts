import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ownTracesUrl } from '../../../collector/watch/own-traces-url.js';
import type { Receiver } from '../../../collector/otlp/receiver.js';
import type { SpanRows } from '../../../collector/store/span-rows.js';
import { callSpan, requestOf, toProtobuf } from '../otlp/request.js';
import { good, PROTOBUF, receive } from '../otlp/send.js';
import type { TestDownstream } from '../../support/downstream.js';
import { startDownstream } from '../../support/downstream.js';
import { logsIn } from '../../support/otlp-results.js';
import type { RunningWaybill } from '../../support/waybill.js';
import { startWaybill } from '../../support/waybill.js';

let elsewhere: Receiver;
let downstream: TestDownstream;
let running: RunningWaybill;
const names = new Map<string, Set<string>>();

beforeAll(async () => {
  const sink = {
    write: async ({ spans }: SpanRows) => {
      for (const { service, name } of spans) names.set(service, (names.get(service) ?? new Set()).add(name));
    },
  };
  ({ receiver: elsewhere } = await receive({ sink }));
  downstream = await startDownstream();
  running = await startWaybill([], process.execPath, {
    WAYBILL_OWN_TRACES: `http://127.0.0.1:${elsewhere.port}`,
    OTEL_BSP_SCHEDULE_DELAY: '200',
    WAYBILL_FORWARD_ENDPOINT: downstream.url.origin,
    WAYBILL_EXPORT_ENDPOINT: downstream.url.origin,
  });
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
  await elsewhere.stop();
  await downstream[Symbol.asyncDispose]();
});

describe("Waybill's own traces", () => {
  it('tell what it does, go elsewhere and never into itself', async () => {
    const body = new Uint8Array(good());
    const sent = await fetch(`${running.otlpUrl}/v1/traces`, { method: 'POST', headers: PROTOBUF, body });
    expect(sent.status).toBe(200);
    await running.ask('/v1/traces/00000000000000000000000000000001');
    await running.ask('/v1/made-up-by-a-stranger');
    const wanted = ['receive http', 'insert spans', 'audit sweep', 'GET /v1/traces/:id', 'GET'];
    await expect.poll(() => wanted.filter((name) => !names.get('waybill')?.has(name)), { timeout: 10_000 }).toEqual([]);
    expect([...names.keys()]).toEqual(['waybill']);
    expect(JSON.stringify([...(names.get('waybill') ?? [])])).not.toContain('stranger');
    const metrics = await (await fetch(`${running.apiUrl}/metrics`)).text();
    expect(metrics).toContain('waybill_spans_received_total{transport="http"} 1\n');
  });

  it('are not all that goes out: requests are passed on, and findings sent', async () => {
    const bodies = (path: string): Buffer[] =>
      downstream.arrived.filter((one) => one.path === path).map(({ body }) => body);
    expect(bodies('/v1/traces').map((body) => body.equals(good()))).toEqual([true]);
    const body = new Uint8Array(toProtobuf(requestOf([callSpan([], 2)])));
    await fetch(`${running.otlpUrl}/v1/traces`, { method: 'POST', headers: PROTOBUF, body });
    await expect.poll(() => bodies('/v1/logs').flatMap(logsIn), { timeout: 10_000 }).not.toEqual([]);
    const [finding] = bodies('/v1/logs').flatMap(logsIn);
    expect(finding).toMatchObject({ eventName: 'attribution.finding', traceId: '2'.padStart(32, '0') });
  });

  it('harm nobody while there is nobody to take them', async () => {
    await elsewhere.stop();
    for (let i = 0; i < 20; i += 1) {
      const body = new Uint8Array(good());
      const sent = await fetch(`${running.otlpUrl}/v1/traces`, { method: 'POST', headers: PROTOBUF, body });
      expect(sent.status).toBe(200);
    }
    expect((await fetch(`${running.apiUrl}/readyz`)).status).toBe(200);
  });

  it('are off unless they are asked for, and refused where they would never end', () => {
    expect(ownTracesUrl({}, 4318)).toBeNull();
    expect(ownTracesUrl({ WAYBILL_OWN_TRACES: '' }, 4318)).toBeNull();
    expect(ownTracesUrl({ WAYBILL_OWN_TRACES: 'http://collector:4318' }, 4318)?.href).toBe(
      'http://collector:4318/v1/traces',
    );
    for (const host of ['localhost', '127.0.0.1', '[::1]']) {
      expect(() => ownTracesUrl({ WAYBILL_OWN_TRACES: `http://${host}:4318` }, 4318)).toThrow(/this Waybill itself/);
    }
    expect(() => ownTracesUrl({ WAYBILL_OWN_TRACES: 'collector:4318' }, 4318)).toThrow(/is no address/);
  });
});
