import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { Client, credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentKeys } from '../../auditor/dialects/content-keys.js';
import { gatewayNames } from '../../schemas/payload.js';
import { gatewayRecords } from '../support/gateway-records.js';
import type { StoredText } from '../support/stored-text.js';
import { storedTextOf } from '../support/stored-text.js';
import type { RunningWaybill } from '../support/waybill.js';
import { startWaybill } from '../support/waybill.js';
import { callSpan, text, toJson, toProtobuf } from './otlp/request.js';

/** Random, so that no compression writes it in another way than once as it is. */
const CANARY = randomBytes(18).toString('hex');
/** The same kind of text where it is to be kept: it proves that we would find the other. */
const KEPT = randomBytes(18).toString('hex');

/** Every key of content, as it is and as instrumentation numbers it. */
const keys = contentKeys.flatMap((key) => [key.replaceAll('*', ''), key.replaceAll('*', '.0.content')]);
const content = keys.map((key) => text(key, CANARY));

/** A request with content wherever attributes can stand. */
function requestNumber(number: number) {
  const span = {
    ...callSpan(
      [text('tenant.id', KEPT), text('feature.id', 'chat'), text('budget.policy.id', 'pro'), ...content],
      number,
    ),
    events: [{ name: 'gen_ai.content.prompt', attributes: content }],
    links: [{ traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), attributes: content }],
    status: { code: 2, message: CANARY },
  };
  const resource = { attributes: [text('service.name', 'agent'), ...content] };
  const scope = { name: 'test', version: '1.0.0', attributes: content };
  return { resourceSpans: [{ resource, scopeSpans: [{ scope, spans: [span] }] }] };
}

let waybill: RunningWaybill;
let stored: StoredText;
const answers: string[] = [];
beforeAll(async () => {
  waybill = await startWaybill();
  stored = await storedTextOf(waybill);
});
afterAll(async () => waybill[Symbol.asyncDispose]());

async function post(url: string, type: string, body: Buffer): Promise<number> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body: new Uint8Array(body) });
  answers.push(await response.text());
  return response.status;
}

async function overGrpc(body: Buffer): Promise<void> {
  const client = new Client(new URL(waybill.grpcUrl).host, credentials.createInsecure());
  const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
  const send = promisify((done: (error: Error | null, answer?: Buffer) => void) =>
    client.makeUnaryRequest(
      path,
      (one: Buffer) => one,
      (one: Buffer) => one,
      body,
      done,
    ),
  );
  answers.push(String(await send()));
  client.close();
}

describe('content', () => {
  it('is in no table, no file, no log and no answer, however it came', async () => {
    const url = `${waybill.otlpUrl}/v1/traces`;
    expect(await post(url, 'application/x-protobuf', toProtobuf(requestNumber(1)))).toBe(200);
    expect(await post(url, 'application/json', toJson(requestNumber(2)))).toBe(200);
    await overGrpc(toProtobuf(requestNumber(3)));
    for (const [form, record] of Object.entries(gatewayRecords)) {
      const gateway = gatewayNames.find((name) => form.startsWith(name)) ?? form;
      const body = JSON.stringify(record).replaceAll('private', CANARY);
      expect(await post(`${waybill.apiUrl}/v1/payloads/${gateway}`, 'application/json', Buffer.from(body))).toBe(200);
    }
    // What is refused is not quoted either.
    const broken = Buffer.from(`{"resourceSpans": [{"scopeSpans": "${CANARY}" ${CANARY}`);
    expect(await post(url, 'application/json', broken)).toBe(400);
    await expect.poll(() => stored.sql('SELECT count() >= 3 FROM waybill.calls FINAL'), { timeout: 20_000 }).toBe('1');
    for (const path of ['/v1/calls', '/v1/gaps', '/v1/traces/00000000000000000000000000000001']) {
      answers.push(JSON.stringify(await waybill.ask(path)));
    }

    expect(await stored.columnsWith(KEPT)).toEqual(expect.arrayContaining(['spans.attributes']));
    expect((await stored.filesWith(KEPT)).length).toBeGreaterThan(0);
    expect(answers.join('\n')).toContain(KEPT);

    expect(await stored.columnsWith(CANARY)).toEqual([]);
    expect(await stored.filesWith(CANARY)).toEqual([]);
    expect(answers.join('\n')).not.toContain(CANARY);
    expect(waybill.output()).not.toContain(CANARY);
  });
});
