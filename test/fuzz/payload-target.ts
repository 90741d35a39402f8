import { strict as assert } from 'node:assert';
import { recordKeys } from '../../auditor/payloads/join-keys.js';
import { recordIds, recordSpan } from '../../auditor/payloads/record-span.js';
import { readPayloads } from '../../collector/api/read-payloads.js';
import { BadRequest } from '../../collector/api/request.js';
import { gatewayNames, gatewayRecordSchema } from '../../schemas/payload.js';
import { contract } from '../support/contract.js';
import { gatewayRecords } from '../support/gateway-records.js';
import { rowsOf } from '../support/span-rows.js';
import { mutateJson } from './mutate-json.js';
import { assertSaneRecord } from './sane.js';
import type { Target } from './target.js';
import { kindOf } from './target.js';

const compiled = contract();

/** The records of gateways' logs: each is read, stored, read back and made a span. */
export const payloadTarget: Target = {
  name: 'payloads',
  seeds: Object.entries(gatewayRecords).map(([form, record]) =>
    Buffer.from(`${JSON.stringify({ gateway: gatewayOf(form) })}\n${JSON.stringify(record)}`),
  ),
  generate: (random) => {
    const { seeds, mutate } = payloadTarget;
    const pick = () => seeds[Math.floor(random() * seeds.length)] ?? Buffer.alloc(0);
    return mutate(mutate(pick(), pick(), random), pick(), random);
  },
  mutate: (input, other, random) => {
    const [gateway, body] = split(input);
    return Buffer.concat([gateway, Buffer.from('\n'), mutateJson(body, split(other)[1], random)]);
  },
  check: (input, isThorough) => {
    const [head, body] = split(input);
    const gateway = gatewayNames.find((name) => head.includes(`"${name}"`)) ?? 'litellm';
    try {
      const { records, rejected, reasons } = readPayloads(body, gateway);
      for (const record of records) {
        assertSaneRecord(record);
        if (isThorough) assertStorable(record);
      }
      for (const { reason } of reasons) assert.ok(reason.length > 10, 'a reason that says something');
      return `${gateway} ${Math.min(records.length, 2)} ${rejected > 0 ? kindOf(reasons[0]?.reason ?? '') : ''}`;
    } catch (error) {
      if (!(error instanceof BadRequest)) throw error;
      return kindOf(error.message);
    }
  },
};

/** What is stored must be readable again, or the audit would stumble over it for ever. */
function assertStorable(record: Parameters<typeof recordIds>[0] & Parameters<typeof recordKeys>[0]): void {
  const again = gatewayRecordSchema.parse(JSON.parse(JSON.stringify(record)));
  assert.deepEqual(recordKeys(again), recordKeys(record));
  const { traceId } = recordIds(again);
  const span = recordSpan(again, { traceId, parentSpanId: null, by: 'own' }, compiled);
  assert.equal(rowsOf([span]).spans.length, 1);
}

function split(input: Buffer): [head: Buffer, body: Buffer] {
  const end = input.indexOf('\n');
  return [input.subarray(0, Math.max(0, end)), input.subarray(end + 1)];
}

function gatewayOf(form: string): string {
  return gatewayNames.find((name) => form.startsWith(name)) ?? form;
}
