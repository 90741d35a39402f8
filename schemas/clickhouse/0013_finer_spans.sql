-- An audit reads a few hundred traces from all over a day, and of each at least one granule: 8192 spans for the twenty of
-- a trace. With smaller ones the same read takes a tenth of the time, and no longer grows with the day. The granule of a
-- table cannot be changed, so its parts, which stay as they are until they are merged, move to a new one. Nobody may
-- write meanwhile: a Waybill that starts comes here, alone, and there were no fleets before this.
DROP TABLE IF EXISTS spans_coarse SETTINGS max_table_size_to_drop = 0;
DROP VIEW IF EXISTS arrivals_of_spans;

CREATE TABLE IF NOT EXISTS spans_finer AS spans
ENGINE = ReplacingMergeTree(received_at)
PARTITION BY day
ORDER BY (trace_id, span_id)
TTL day + INTERVAL 30 DAY
SETTINGS index_granularity = 512, min_bytes_for_wide_part = 1073741824;

ALTER TABLE spans_finer ATTACH PARTITION ALL FROM spans;
RENAME TABLE spans TO spans_coarse, spans_finer TO spans;
DROP TABLE spans_coarse SETTINGS max_table_size_to_drop = 0;

CREATE MATERIALIZED VIEW IF NOT EXISTS arrivals_of_spans TO arrivals AS
SELECT
    received_at,
    trace_id,
    toUInt32(count()) AS spans,
    min(day) AS first_day,
    max(day) AS last_day
FROM spans
GROUP BY received_at, trace_id;

-- A row is merged as often as parts grow by this factor. Twice as many parts at once is a third of the work for spans;
-- and the parts of arrivals, which come with each insert, were merged more often than all others together.
ALTER TABLE spans MODIFY SETTING merge_selector_base = 20;
ALTER TABLE arrivals MODIFY SETTING merge_selector_base = 20;
ALTER TABLE calls MODIFY SETTING merge_selector_base = 20;
ALTER TABLE audits MODIFY SETTING merge_selector_base = 20;
