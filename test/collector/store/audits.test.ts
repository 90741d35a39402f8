import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TraceAudit } from '../../../auditor/audit.js';
import { auditTrace } from '../../../auditor/audit.js';
import { writeAudits } from '../../../collector/store/audits.js';
import type { EarlierAudit } from '../../../collector/store/read-traces.js';
import type { Call } from '../../../schemas/audit.js';
import { contract } from '../../support/contract.js';
import type { TestStore } from '../../support/engine.js';
import { startTestStore } from '../../support/engine.js';
import { clean, trace } from '../../support/trace.js';

const DAY_US = 86_400_000_000;
/** Noon, so that a little more or less is the same day. */
const NOW_US = (Math.floor((Date.now() * 1_000) / DAY_US) + 0.5) * DAY_US;
const TODAY = Math.floor(NOW_US / DAY_US);

let test: TestStore;

beforeAll(async () => {
  test = await startTestStore();
});

afterAll(async () => {
  await test[Symbol.asyncDispose]();
});

beforeEach(async () => {
  for (const table of ['calls', 'audits']) await test.store.command(`TRUNCATE TABLE ${table}`);
});

const isoDay = (day: number): string => new Date(day * 86_400_000).toISOString().slice(0, 10);

interface Writing {
  readonly receivedAtUs?: number;
  readonly nowUs?: number;
  readonly earlier?: EarlierAudit | null;
}

async function write(audit: TraceAudit, { receivedAtUs = NOW_US, nowUs = NOW_US, earlier = null }: Writing = {}) {
  const toWrite = { audit, seenUs: [receivedAtUs], firstDay: isoDay(TODAY), earlier };
  await writeAudits(test.store, [toWrite], nowUs);
}

/** An earlier audit that may have found calls on these spans. */
function earlier(spanIds: readonly string[], change: Partial<EarlierAudit> = {}): EarlierAudit {
  return { auditedAtUs: 0, firstDay: TODAY - 2, lastDay: TODAY + 2, spanIds: new Set(spanIds), ...change };
}

function calls(where = '1'): Promise<unknown[]> {
  return test.store.rows(`SELECT toString(day) AS day, span_id FROM calls FINAL WHERE ${where} ORDER BY day, span_id`);
}

/** A trace with so many calls side by side, which start at a time. */
function fanOut(count: number, startUs = NOW_US) {
  const web = trace(9).station('web', clean, { startUs });
  const spanIds = Array.from({ length: count }, () => web.call('gpt-4o', undefined, { span: { startUs } }).spanId);
  return { audit: auditTrace(web.spans, contract()), spanIds };
}

describe('written audits', () => {
  it('hold every field of a call', async () => {
    const { spans } = trace(1)
      .station('web', { ...clean, tenant: 'globex', user: 'ü' }, { startUs: NOW_US })
      .station('agent', { ...clean, tenant: 'acme' }, { startUs: NOW_US })
      .call(
        'gpt-4o',
        { inputTokens: 1_000, outputTokens: 100, cacheReadTokens: 7 },
        {
          span: { startUs: NOW_US + 1, endUs: NOW_US + 2_500_001 },
          facts: { responseId: 'chatcmpl-1', stream: true, reportedCostUsd: '0.004000000000' },
        },
      );
    const audit = auditTrace(spans, contract());
    const [call] = audit.calls;
    await write(audit);
    const rows = await test.store.rows('SELECT * EXCEPT (day, audited_at, is_deleted) FROM calls FINAL');
    expect(rows).toEqual([call === undefined ? undefined : rowOf(call)]);
    expect(call).toMatchObject({ costUsd: '0.003491250000', attributes: { tenant: { outcome: 'rewritten' } } });
  });

  it('hold what is wrong with a trace as a whole', async () => {
    const { spans } = trace(2).station('web', clean, { startUs: NOW_US }).call('gpt-4o');
    const audit = auditTrace(spans, contract());
    const finding = {
      traceId: audit.traceId,
      rule: 'uninstrumented',
      severity: 'error',
      question: 'observation',
      attribute: null,
      hop: { from: 'web', to: 'api.openai.com' },
      spanId: spans[0]?.spanId ?? '',
      message: 'what',
      fix: 'do',
    } as const;
    await write({ ...audit, findings: [finding] });
    expect(
      await test.store.rows(
        `SELECT trace_id, toString(day) AS day, spans, calls, finding_rules, finding_severities, finding_hop_from,
                finding_hop_to, finding_span_ids, finding_messages, finding_fixes,
                arrayMap(at -> toUnixTimestamp64Micro(at), seen) AS seen
         FROM audits FINAL`,
      ),
    ).toEqual([
      {
        trace_id: audit.traceId,
        day: isoDay(TODAY),
        spans: 2,
        calls: 1,
        finding_rules: ['uninstrumented'],
        finding_severities: ['error'],
        finding_hop_from: ['web'],
        finding_hop_to: ['api.openai.com'],
        finding_span_ids: [finding.spanId],
        finding_messages: ['what'],
        finding_fixes: ['do'],
        seen: [String(NOW_US)],
      },
    ]);
  });

  it('take away the calls that a later audit no longer finds', async () => {
    const { audit, spanIds } = fanOut(3);
    await write(audit);
    const [first, , third] = audit.calls;
    const kept = [first, third].filter((call) => call !== undefined);
    await write({ ...audit, calls: kept }, { earlier: earlier(spanIds) });
    expect(await calls()).toEqual(kept.map(({ spanId }) => ({ day: isoDay(TODAY), span_id: spanId })));
  });

  it('leave alone the calls on spans that a later audit has not seen', async () => {
    const old = fanOut(2, NOW_US - 2 * DAY_US);
    await write(old.audit);
    const seen = old.spanIds.slice(0, 1);
    await write({ ...old.audit, calls: [] }, { earlier: earlier(seen) });
    expect(await calls()).toEqual([{ day: isoDay(TODAY - 2), span_id: old.spanIds[1] }]);
  });

  it.each([
    ['later', 0, 1],
    ['earlier', 1, 0],
  ])('file a call of no honest time under the day of the newest arrival alone, also a day %s', async (_, old, now) => {
    const { audit, spanIds } = fanOut(1, 0);
    await write(audit, { receivedAtUs: NOW_US + old * DAY_US });
    expect(await calls()).toEqual([{ day: isoDay(TODAY + old), span_id: spanIds[0] }]);
    await write(audit, { receivedAtUs: NOW_US + now * DAY_US, earlier: earlier(spanIds) });
    expect(await calls()).toEqual([{ day: isoDay(TODAY + now), span_id: spanIds[0] }]);
    expect(await calls(`day = '${isoDay(TODAY + old)}'`)).toEqual([]);
    expect(await calls(`day = '${isoDay(TODAY + now)}'`)).toHaveLength(1);
  });

  it('win over those before them though the clock has jumped back', async () => {
    const { audit, spanIds } = fanOut(2);
    await write(audit);
    const hourAgo = NOW_US - 3_600_000_000;
    const again = earlier(spanIds, { auditedAtUs: NOW_US });
    await write({ ...audit, calls: [] }, { nowUs: hourAgo, earlier: again });
    expect(await calls()).toEqual([]);
    await write(audit, { nowUs: hourAgo, earlier: again });
    expect(await calls()).toHaveLength(2);
    expect(await test.store.rows('SELECT calls FROM audits FINAL')).toEqual([{ calls: 2 }]);
  });

  it('leave the cost of a call unknown where no column could hold it', async () => {
    const { audit } = fanOut(1);
    await write({ ...audit, calls: audit.calls.map((call) => ({ ...call, costUsd: '681574400000.000000000000' })) });
    expect(await test.store.rows('SELECT isNull(cost_usd) AS isUnknown FROM calls FINAL')).toEqual([{ isUnknown: 1 }]);
  });
});

/** A call as the schema has it. */
function rowOf(call: Call): unknown {
  const attributes = Object.entries(call.attributes).flatMap(([name, one]) => [
    [name, one.value ?? ''],
    [`${name}_origin`, one.originValue ?? ''],
    [`${name}_enforcement`, one.enforcementValue ?? ''],
    [`${name}_span`, one.callSpanValue ?? ''],
    [`${name}_outcome`, one.outcome],
    [`${name}_provenance`, one.provenance ?? ''],
    [`${name}_hop_from`, one.hop?.from ?? ''],
    [`${name}_hop_to`, one.hop?.to ?? ''],
  ]);
  const { findings } = call;
  return {
    trace_id: call.traceId,
    span_id: call.spanId,
    start_time: call.startTime.replace('T', ' ').replace('Z', ''),
    duration_us: String(call.durationUs),
    service: call.service,
    operation: call.operation,
    provider: call.provider,
    model: call.model,
    dialect: call.dialect,
    response_id: call.responseId,
    user: call.user ?? '',
    failed: call.failed,
    stream: call.stream,
    input_tokens: String(call.inputTokens),
    output_tokens: String(call.outputTokens),
    cache_read_tokens: String(call.cacheReadTokens),
    cache_write_tokens: String(call.cacheWriteTokens),
    reasoning_tokens: String(call.reasoningTokens),
    usage_span_id: call.usageSpanId,
    cost_usd: trimmed(call.costUsd),
    price_source: call.priceSource,
    reported_cost_usd: trimmed(call.reportedCostUsd),
    joined_by: call.join ?? '',
    reservation_id: call.reservationId ?? '',
    echo_span_ids: call.echoSpanIds,
    verdict: call.verdict,
    misattributed: call.misattributed,
    row_level: call.rowLevel,
    enforcement_point: call.enforcementPoint ?? '',
    resolved_policy: call.policy ?? '',
    route: call.route,
    ...Object.fromEntries(attributes),
    failed_questions: call.failedQuestions,
    finding_rules: findings.map(({ rule }) => rule),
    finding_severities: findings.map(({ severity }) => severity),
    finding_questions: findings.map(({ question }) => question),
    finding_attributes: findings.map(({ attribute }) => attribute ?? ''),
    finding_hop_from: findings.map(({ hop }) => hop?.from ?? ''),
    finding_hop_to: findings.map(({ hop }) => hop?.to ?? ''),
    finding_span_ids: findings.map(({ spanId }) => spanId),
    finding_messages: findings.map(({ message }) => message),
    finding_fixes: findings.map(({ fix }) => fix),
  };
}

/** ClickHouse leaves out the zeros at the end. */
function trimmed(usd: string | null): string | undefined {
  return usd?.replace(/0+$/, '');
}
