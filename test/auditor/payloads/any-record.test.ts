import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adapters, isRecognised, readRecord } from '../../../auditor/payloads/all.js';
import { gatewayNames, gatewayRecordSchema } from '../../../schemas/payload.js';
import { read } from './read.js';
import * as records from './records.js';

describe('any record', () => {
  const fixtures = Object.entries(records);

  it.each(fixtures)('%s is recognised by one adapter alone, and keeps no content', (_, record) => {
    expect(adapters.filter((one) => one.recognises(record))).toHaveLength(1);
    const found = read(record);
    expect(gatewayRecordSchema.parse(found)).toEqual(found);
    expect(JSON.stringify(found)).not.toContain('a secret');
    expect(read(record, found.gateway)).toEqual(found);
  });

  it('says why it cannot be used', () => {
    expect(readRecord('text')).toEqual({ reason: 'is no JSON object' });
    expect(readRecord([])).toEqual({ reason: 'is no JSON object' });
    expect(readRecord({ a: 1 })).toEqual({ reason: 'has the form of no known gateway' });
    expect(readRecord(records.kong, 'portkey')).toEqual({ reason: 'has not the form of a record of portkey' });
    expect(readRecord({ ...records.portkey, id: '' })).toEqual({ reason: 'has no id of its own' });
    expect(readRecord({ ...records.portkey, created_at: 'soon' })).toEqual({
      reason: 'does not say when the request was',
    });
    expect(isRecognised({ resourceSpans: [] })).toBe(false);
  });

  it('whatever stands in its fields, gives valid counts and amounts or none, and never throws', () => {
    const odd = fc.oneof(
      fc.constantFrom<unknown>(
        -1,
        1.5,
        2 ** 53,
        1e300,
        Number.NaN,
        '',
        ' ',
        '-7',
        '1e9',
        '0x10',
        null,
        true,
        [],
        {},
        '__proto__',
      ),
      fc.jsonValue(),
    );
    const changed = fc
      .constantFrom(...fixtures.map(([, record]) => record))
      .chain((record) =>
        fc
          .dictionary(fc.constantFrom(...Object.keys(record), '__proto__', 'constructor'), odd)
          .map((change): unknown => Object.assign(structuredClone(record), change)),
      );
    fc.assert(
      fc.property(fc.oneof(changed, fc.jsonValue()), fc.option(fc.constantFrom(...gatewayNames)), (record, gateway) => {
        const found = readRecord(record, gateway ?? undefined);
        if ('reason' in found) return;
        gatewayRecordSchema.parse(found);
        expect(found.endUs).toBeGreaterThanOrEqual(found.startUs);
        if (found.call.reportedCostUsd !== null) expect(found.call.reportedCostUsd).toMatch(/^\d{1,6}\.\d{12}$/);
        if (found.traceId !== null) expect(found.traceId).toMatch(/^[0-9a-f]{32}$/);
      }),
      { seed: 1, numRuns: 3_000 },
    );
  });
});
