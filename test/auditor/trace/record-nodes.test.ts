import { describe, expect, it } from 'vitest';
import { recordIds, recordSpan } from '../../../auditor/payloads/record-span.js';
import { isMoved, isRecord } from '../../../auditor/trace/record-nodes.js';
import { buildTrace } from '../../../auditor/trace/trace.js';
import type { Span } from '../../../schemas/span.js';
import { contract } from '../../support/contract.js';
import { gatewayRecord } from '../../support/record.js';
import { clean, START_US, trace } from '../../support/trace.js';

type Change = Parameters<typeof gatewayRecord>[0];
const place = trace().station('web', clean).call('gpt-4o');
const traceId = place.spans[0]?.traceId ?? '';
const record = (recordId: string, change: Change = {}, parentSpanId: string | null = place.spanId): Span =>
  recordSpan(gatewayRecord({ recordId, ...change }), { traceId, parentSpanId, by: 'own' }, contract());
const idOf = (recordId: string, gateway: 'litellm' | 'portkey' = 'litellm') => recordIds({ gateway, recordId }).spanId;

/** Each record that stayed: its id, that of its parent, and its join. */
function placed(...records: readonly Span[]) {
  return buildTrace([...place.spans, ...records])
    .nodes.filter(({ record: one }) => one !== null)
    .map(({ span, parent, record: one }) => [span.spanId, parent?.span.spanId ?? null, one?.join]);
}

describe('records about one call', () => {
  it('say it once: usage counts before a cost, a cost before nothing, then the later end', () => {
    const bare = { facts: { usage: null, reportedCostUsd: null } };
    const costed = { facts: { usage: null } };
    const used = { facts: { reportedCostUsd: null } };
    const stays = (...records: readonly Span[]) => placed(...records).map(([id]) => id);
    for (const [more, less] of [
      [{}, used],
      [used, costed],
      [costed, bare],
      [{ endUs: START_US + 950_000 }, {}],
    ] as const) {
      expect(stays(record('a', more), record('b', less))).toEqual([idOf('a')]);
      expect(stays(record('a', less), record('b', more))).toEqual([idOf('b')]);
    }
    const [first = ''] = [idOf('a'), idOf('b')].toSorted();
    expect(stays(record('a'), record('b'))).toEqual([first]);
    expect(stays(record('b'), record('a'))).toEqual([first]);
  });

  it('of several gateways stand below each other, who began first above, then by name', () => {
    const chain = (liteLlmUs: number, portkeyUs: number) =>
      placed(
        record('a', { startUs: START_US + liteLlmUs }),
        record('b', { gateway: 'portkey', startUs: START_US + portkeyUs }),
      );
    expect(chain(10, 20)).toEqual([
      [idOf('a'), place.spanId, 'span'],
      [idOf('b', 'portkey'), idOf('a'), 'span'],
    ]);
    expect(chain(20, 10)).toEqual([
      [idOf('b', 'portkey'), place.spanId, 'span'],
      [idOf('a'), idOf('b', 'portkey'), 'span'],
    ]);
    expect(chain(10, 10).find(([id]) => id === idOf('a'))).toEqual([idOf('a'), place.spanId, 'span']);
  });

  it('that failed hang beside the answer, and never hold what is below', () => {
    const failed = record('f', { failed: true, startUs: START_US, facts: { usage: null } });
    const next = record('b', { gateway: 'portkey', startUs: START_US + 30_000 });
    const parents = Object.fromEntries(placed(failed, record('a'), next).map(([id, parent]) => [id, parent]));
    expect(parents).toEqual({
      [idOf('f')]: place.spanId,
      [idOf('a')]: place.spanId,
      [idOf('b', 'portkey')]: idOf('a'),
    });
    expect(placed(failed, next).find(([id]) => id === idOf('b', 'portkey'))?.[1]).toBe(place.spanId);
  });
});

describe('a record without a span to stand on', () => {
  it('joins by its response before its request, and by that before its likeness', () => {
    const web = trace().station('web', clean, {
      attributes: ['tenant.id', 'acme', 'feature.id', 'chat', 'budget.policy.id', 'pro', 'request.id', 'q1'],
    });
    const own = web.call('gpt-4o', undefined, { facts: { responseId: 'x' } });
    const joinOf = (change: Change) =>
      buildTrace([...own.spans, record('a', change, null)]).nodes.find((node) => node.record !== null)?.record?.join;
    expect(joinOf({ requestIds: ['q1'], facts: { responseId: 'x' } })).toBe('response-id');
    expect(joinOf({ requestIds: ['q0', 'q1'] })).toBe('request-id');
    expect(joinOf({})).toBe('trace');
    expect(joinOf({ facts: { requestModel: 'other', responseModel: 'other' } })).toBe('none');
  });

  it('has a rival in another answer of its gateway that fits as well, and in no failed attempt', () => {
    const joins = (...records: readonly Span[]) => placed(...records).map(([, , join]) => join);
    expect(joins(record('a', {}, null), record('b', {}, null))).toEqual(['none', 'none']);
    expect(joins(record('a', {}, null), record('b', { gateway: 'portkey' }, null))).toEqual(['trace', 'trace']);
    expect(joins(record('a', {}, null), record('b', { failed: true }, null))).toEqual(['trace', 'trace']);
    const other = { facts: { requestModel: 'other', responseModel: 'other' } };
    expect(new Set(joins(record('a', {}, null), record('b', other, null)))).toEqual(new Set(['none', 'trace']));
  });

  it('that names a span which never came is torn off there; one that names none is a root', () => {
    const topOf = (parent: string | null) =>
      buildTrace([record('a', {}, parent)]).nodes.map(({ top, parent: above }) => [top, above]);
    expect(topOf('f'.repeat(16))).toEqual([['parent-missing', null]]);
    expect(topOf(null)).toEqual([['root', null]]);
  });
});

describe('a span', () => {
  it('is a record, or a note of where one went, by its first attribute alone', () => {
    const note = recordSpan(gatewayRecord(), { traceId, parentSpanId: null, by: 'moved' }, contract());
    expect([record('a'), note, place.spans[0]].map((span) => span !== undefined && isRecord(span))).toEqual([
      true,
      true,
      false,
    ]);
    expect([record('a'), note].map(isMoved)).toEqual([false, true]);
    expect(note).toMatchObject({ call: null, attributes: { length: 6 } });
    expect(buildTrace([...place.spans, note]).nodes.every((node) => node.record === null)).toBe(true);
  });

  it('has the ids of its record, each of its own length, and each key once with what is vouched for first', () => {
    const ids = recordIds(gatewayRecord());
    expect(ids.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(ids.spanId).toMatch(/^[0-9a-f]{16}$/);
    const vouched = ['team', 'acme', 'team', 'globex'];
    const { attributes } = record('a', { vouched, claimed: ['team', 'initech', 'end_user', 'jane'] });
    expect(attributes.slice(2)).toEqual([
      'waybill.record.claimed',
      '["end_user"]',
      'waybill.record.requests',
      '[]',
      'team',
      'acme',
      'end_user',
      'jane',
    ]);
  });
});
