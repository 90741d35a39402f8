/** Names of what Waybill itself sends by OTLP; `semconv/signals.yaml` describes them. */
export const FINDING_EVENT = 'attribution.finding';
export const SCORE_METRIC = 'attribution.score';
export const SPEND_METRIC = 'attribution.spend';
export const UNKNOWN_COST_METRIC = 'attribution.unknown_cost';
