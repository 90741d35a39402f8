import type { Store } from '../../collector/store/client.js';
import type { Figure } from './figure.js';
import { figure } from './figure.js';
import { startMeasuredWaybill } from './measured-waybill.js';
import { startLoad } from './start-load.js';

const RUN_MS = 2_000;
const INSERT_SPANS = 500_000;
const DAYS = 29;

/** What spans that are stored already cost those that come: the rate of receiving before and after. */
export async function benchGrowth(spans: number, runs = 5): Promise<readonly Figure[]> {
  await using waybill = await startMeasuredWaybill();
  await using load = startLoad();
  const sending = {
    url: waybill.tracesUrl,
    format: 'protobuf',
    isGzip: false,
    ms: RUN_MS,
    pace: { senders: 16 },
  } as const;
  const rates = async (): Promise<number[]> => {
    const all: number[] = [];
    for (let run = 0; run <= runs; run += 1) all.push((await load.send(sending)).spansPerSecond);
    return all.slice(1);
  };
  const empty = figure('acknowledged, nothing stored before', 'spans/s', await rates());
  await generateSpans(waybill.store, spans);
  const full = figure(`acknowledged, ${spans / 1_000_000} million spans stored before`, 'spans/s', await rates());
  return [empty, full, figure('acknowledged, much stored against nothing', 'times', [full.median / empty.median])];
}

/**
 * Fills `spans` over the days before today. The audit is not to see them: they are old, and it is what receiving costs
 * that is asked, so their arrivals are taken away.
 */
async function generateSpans(store: Store, spans: number): Promise<void> {
  for (let first = 0; first < spans; first += INSERT_SPANS) {
    await store.command(
      `
    INSERT INTO spans (day, trace_id, span_id, service, name, kind, start_time, end_time, attributes, operation, provider, request_model, response_model, response_id, input_tokens, output_tokens, usage_reported, received_at)
    SELECT
        today() - 1 - intDiv(number, {perDay: UInt64}) AS day,
        lower(hex(sipHash128(intDiv(number, 20)))) AS trace_id,
        leftPad(lower(hex(cityHash64(number))), 16, '0') AS span_id,
        ['web', 'agent', 'router', 'litellm', 'pool'][1 + number % 5] AS service,
        concat('POST /v1/route-', toString(number % 40)) AS name,
        2 AS kind,
        toDateTime64(day, 6, 'UTC') + toIntervalSecond(cityHash64(number) % 86400) AS start_time,
        start_time + INTERVAL 1 SECOND AS end_time,
        map(
            'tenant.id', concat('tenant-', toString(cityHash64(intDiv(number, 20)) % 1000)),
            'feature.id', concat('feature-', toString(cityHash64(intDiv(number, 20), 1) % 50)),
            'budget.policy.id', 'pro-monthly'
        ) AS attributes,
        if(number % 3 = 0, 'chat', '') AS operation,
        if(number % 3 = 0, 'openai', '') AS provider,
        if(number % 3 = 0, concat('model-', toString(number % 20)), '') AS request_model,
        request_model AS response_model,
        if(number % 3 = 0, lower(hex(cityHash64(number, 2))), '') AS response_id,
        if(number % 3 = 0, number % 9999, NULL) AS input_tokens,
        if(number % 3 = 0, number % 999, NULL) AS output_tokens,
        number % 3 = 0 AS usage_reported,
        start_time AS received_at
    FROM numbers({first: UInt64}, {many: UInt64})`,
      { first, many: Math.min(INSERT_SPANS, spans - first), perDay: Math.ceil(spans / DAYS) },
    );
    await store.command('TRUNCATE TABLE arrivals');
  }
}
