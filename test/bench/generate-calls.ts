import type { Store } from '../../collector/store/client.js';
import { DAY_US, iso } from '../../collector/store/questions/scope.js';

/** Days over which the calls are spread, evenly, today included. */
export const CALL_DAYS = 30;

/** Rows of one part of today: so it comes in several, as it does in life. */
const PART_CALLS = 100_000;

/** What is wrong with a call, in thousandths of all calls. */
const FAULTS = { dropped: 20, rewritten: 5, missing: 10, unmeasured: 8, placeholder: 5, bypass: 4 } as const;

/**
 * Fills `calls` with such as audits write, inside ClickHouse: of 1,000 tenants, 50 features, 20 models of 4 providers,
 * 10,000 users, 6 routes, three calls a trace; one in twenty has a fault, one in ten is only warned of. The same
 * numbers give the same calls. One day is made, and is the pattern of the others; days that are over are one part each,
 * as an hour makes of them by itself.
 *
 * @param calls how many, over the 30 days that end at `nowUs`
 */
export async function generateCalls(store: Store, calls: number, nowUs: number): Promise<void> {
  const today = Math.floor(nowUs / DAY_US);
  const first = today - CALL_DAYS;
  await store.command(insertFirstDay, { many: Math.ceil(calls / CALL_DAYS), fromUs: first * DAY_US, nowUs });
  for (let day = 1; day <= CALL_DAYS; day += 1) {
    const rowsOfPart = day === CALL_DAYS ? PART_CALLS : calls;
    await store.command(insertAnotherDay, { first, day, nowUs, rowsOfPart });
  }
  await store.command(
    `ALTER TABLE calls DELETE WHERE day = toDate({first: UInt16}) AND start_time < fromUnixTimestamp64Micro({fromUs: Int64}, 'UTC') SETTINGS mutations_sync = 1`,
    { first, fromUs: nowUs - CALL_DAYS * DAY_US },
  );
  for (let day = first; day < today; day += 1) {
    await store.command(`OPTIMIZE TABLE calls PARTITION '${iso(day * DAY_US).slice(0, 10)}' FINAL`);
  }
}

const fault = Object.entries(FAULTS)
  .map(([name, share], i, all) => {
    const from = all.slice(0, i).reduce((sum, [, one]) => sum + one, 0);
    return `chance BETWEEN ${from} AND ${from + share - 1}, '${name}'`;
  })
  .join(', ');

/** SQL for the columns of an attribute, as they are where the value is carried whole and where it is not. */
function attributeColumns(name: string, value: string): Readonly<Record<string, string>> {
  const isBroken =
    name === 'tenant' ? "fault IN ('dropped', 'rewritten', 'missing')" : "fault IN ('dropped', 'missing')";
  const atCall =
    name === 'tenant'
      ? `multiIf(fault IN ('dropped', 'missing'), '', fault = 'rewritten', 'pool', fault = 'placeholder', 'unknown', ${value})`
      : `if(fault IN ('dropped', 'missing'), '', ${value})`;
  const hop = (place: number): string =>
    `if(fault IN ('dropped', 'rewritten') AND ${isBroken}, route[length(route) - ${place}], '')`;
  return {
    [name]: atCall,
    [`${name}_origin`]: `if(fault = 'missing', '', ${value})`,
    [`${name}_enforcement`]: `if(fault = 'bypass', '', ${atCall})`,
    [`${name}_span`]: atCall,
    [`${name}_outcome`]: `multiIf(${isBroken}, fault, 'intact')`,
    [`${name}_provenance`]: `if(${isBroken}, '', if(is_warned, 'asserted', 'bound'))`,
    [`${name}_hop_from`]: hop(1),
    [`${name}_hop_to`]: hop(0),
  };
}

const columns: Readonly<Record<string, string>> = {
  day: 'toDate(start_time)',
  trace_id: 'lower(hex(sipHash128(intDiv(n, 3))))',
  span_id: "leftPad(lower(hex(cityHash64(n, 'span'))), 16, '0')",
  start_time:
    "fromUnixTimestamp64Micro({fromUs: Int64} + toInt64(cityHash64(intDiv(n, 3), 'time') % 86400000000), 'UTC')",
  duration_us: "200000 + cityHash64(n, 'duration') % 9000000",
  service: 'route[-1]',
  operation: "if(chance % 20 = 0, 'embeddings', 'chat')",
  provider: "['openai', 'anthropic', 'deepseek', 'openrouter'][1 + model_number % 4]",
  model: "concat('model-', toString(model_number), '-2026-05-13')",
  dialect: "'otel-genai'",
  response_id: "concat('chatcmpl-', lower(hex(cityHash64(n, 'response'))))",
  user: "concat('user-', toString(cityHash64(intDiv(n, 3), 'tenant') % 1000), '-', toString(cityHash64(intDiv(n, 3), 'user') % 10))",
  failed: "fault = 'unmeasured'",
  stream: "cityHash64(n, 'stream') % 2 = 0",
  input_tokens: "if(fault = 'unmeasured', NULL, 200 + cityHash64(n, 'in') % 9999)",
  output_tokens: "if(fault = 'unmeasured', NULL, cityHash64(n, 'out') % 999)",
  usage_span_id: "if(fault = 'unmeasured', '', span_id)",
  cost_usd:
    "if(fault = 'unmeasured', NULL, toDecimal64(toDecimal64(200 + cityHash64(n, 'in') % 9999 + 4 * (cityHash64(n, 'out') % 999), 12) * (1 + model_number) / 4000000, 12))",
  price_source: "if(fault = 'unmeasured', '', 'genai-prices')",
  verdict:
    "multiIf(fault IN ('dropped', 'missing', 'placeholder'), 'unattributed', fault != '' OR is_warned, 'attributed', 'enforceable')",
  misattributed: "fault = 'rewritten'",
  row_level: "fault NOT IN ('dropped', 'missing')",
  enforcement_point: "if(fault = 'bypass', '', route[-1])",
  resolved_policy: "if(fault IN ('', 'unmeasured', 'bypass'), policy_value, '')",
  route: 'path',
  ...attributeColumns('tenant', 'tenant_value'),
  ...attributeColumns('feature', 'feature_value'),
  ...attributeColumns('policy', 'policy_value'),
  failed_questions: `multiIf(
        fault = 'dropped', ['survival', 'presence'], fault = 'rewritten', ['agreement'], fault = 'missing', ['presence'],
        fault = 'unmeasured', ['cost'], fault = 'placeholder', ['presence'], fault = 'bypass', ['policy'],
        is_warned, ['provenance'], [])`,
  finding_rules: 'found.1',
  finding_severities: "arrayMap(r -> if(r = 'caller-asserted', 'warning', 'error'), found.1)",
  finding_questions: 'found.2',
  finding_attributes: 'found.3',
  finding_hop_from: "arrayMap(r -> if(r IN ('dropped', 'rewritten'), route[-2], ''), found.1)",
  finding_hop_to: "arrayMap(r -> if(r IN ('dropped', 'rewritten'), route[-1], ''), found.1)",
  finding_span_ids: 'arrayMap(r -> span_id, found.1)',
  finding_messages:
    "arrayMap((r, a) -> concat(a, ' was ', tenant_value, ' at ', route[1], ' and is ', r, ' at ', route[-1], '.'), found.1, found.3)",
  finding_fixes:
    "arrayMap(r -> concat('Propagate baggage to ', route[-1], ', or have it stamp what it knows: ', r, '.'), found.1)",
  audited_at: "least(start_time + INTERVAL 20 SECOND, fromUnixTimestamp64Micro({nowUs: Int64}, 'UTC'))",
  is_deleted: '0',
};

const insertFirstDay = `
    INSERT INTO calls (${Object.keys(columns).join(', ')})
    WITH
        number AS n,
        cityHash64(n, 'model') % 20 AS model_number,
        cityHash64(n, 'fault') % 1000 AS chance,
        chance BETWEEN 900 AND 999 AS is_warned,
        multiIf(${fault}, '') AS fault,
        concat('tenant-', toString(cityHash64(intDiv(n, 3), 'tenant') % 1000)) AS tenant_value,
        concat('feature-', toString(cityHash64(intDiv(n, 3), 'feature') % 50)) AS feature_value,
        concat('policy-', toString(cityHash64(intDiv(n, 3), 'tenant') % 10)) AS policy_value,
        [
            ['web', 'agent', 'litellm'], ['web', 'agent', 'router', 'litellm'], ['web', 'litellm'],
            ['batch', 'agent', 'litellm'], ['web', 'agent', 'router', 'litellm', 'pool'], ['mobile', 'web', 'agent', 'pool']
        ][1 + cityHash64(intDiv(n, 3), 'route') % 6] AS path,
        multiIf(
            fault = 'dropped', (['dropped', 'dropped', 'dropped'], ['survival', 'survival', 'survival'], ['tenant', 'feature', 'policy']),
            fault = 'rewritten', (['rewritten'], ['agreement'], ['tenant']),
            fault = 'missing', (['missing', 'missing', 'missing'], ['presence', 'presence', 'presence'], ['tenant', 'feature', 'policy']),
            fault = 'unmeasured', (['no-usage'], ['cost'], ['']),
            fault = 'placeholder', (['placeholder'], ['presence'], ['tenant']),
            fault = 'bypass', (['bypass'], ['policy'], ['']),
            is_warned, (['caller-asserted'], ['provenance'], ['tenant']),
            ([], [], [])
        ) AS found
    SELECT
        ${Object.entries(columns)
          .map(([name, sql]) => `${sql} AS ${name}`)
          .join(',\n        ')}
    FROM numbers_mt({many: UInt64})
    SETTINGS max_insert_threads = 2, min_insert_block_size_rows = {many: UInt64}`;

/** Another day like the first, with traces of its own; of today what has been. What is derived is not derived again. */
const insertAnotherDay = `
    INSERT INTO calls (${Object.keys(columns).join(', ')}, way, failed_bits)
    SELECT
        * REPLACE (
            day + {day: UInt16} AS day,
            lower(hex(sipHash128(trace_id, {day: UInt16}))) AS trace_id,
            start_time + toIntervalDay({day: UInt16}) AS start_time,
            least(audited_at + toIntervalDay({day: UInt16}), fromUnixTimestamp64Micro({nowUs: Int64}, 'UTC')) AS audited_at
        )
    FROM (SELECT ${Object.keys(columns).join(', ')}, way, failed_bits FROM calls WHERE day = toDate({first: UInt16}))
    WHERE start_time < fromUnixTimestamp64Micro({nowUs: Int64}, 'UTC')
    SETTINGS insert_allow_materialized_columns = 1, min_insert_block_size_rows = {rowsOfPart: UInt64},
        max_insert_block_size = {rowsOfPart: UInt64}`;
