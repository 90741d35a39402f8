-- Spans as received, slim. A retried request writes the same rows again: the newest wins, read with FINAL.
CREATE TABLE IF NOT EXISTS spans
(
    day                Date                                COMMENT 'Day of start_time, UTC; the day of arrival where a span claims a time outside the retention',
    trace_id           FixedString(32)                     COMMENT 'Trace id, lower-case hex',
    span_id            FixedString(16)                     COMMENT 'Span id, lower-case hex',
    parent_span_id     String                              COMMENT 'Span id of the parent; empty for a root span',
    trace_state        String                              COMMENT 'W3C tracestate',
    flags              UInt32                              COMMENT 'OTLP span flags: bit 8 says that bit 9 is meaningful, bit 9 that the parent is remote',
    service            LowCardinality(String)              COMMENT 'service.name',
    scope_name         LowCardinality(String)              COMMENT 'Instrumentation scope',
    scope_version      LowCardinality(String)              COMMENT 'Version of the instrumentation scope',
    name               LowCardinality(String)              COMMENT 'Span name',
    kind               UInt8                               COMMENT 'OTLP span kind: 1 internal, 2 server, 3 client, 4 producer, 5 consumer',
    start_time         DateTime64(6, 'UTC')                COMMENT 'Start of the span',
    end_time           DateTime64(6, 'UTC')                COMMENT 'End of the span',
    status             UInt8                               COMMENT 'OTLP status: 0 unset, 1 ok, 2 error',
    dropped_attributes UInt32                              COMMENT 'Attributes that the SDK threw away',
    attributes         Map(LowCardinality(String), String) COMMENT 'The attributes of span and resource that can bear on attribution; never content',
    link_trace_ids     Array(String)                       COMMENT 'Trace ids of the links',
    link_span_ids      Array(String)                       COMMENT 'Span ids of the links',
    link_attributes    Array(Map(String, String))          COMMENT 'Kept attributes of the links',
    dialect            LowCardinality(String)              COMMENT 'The dialect that the span was read in; empty where it is no call',
    operation          LowCardinality(String)              COMMENT 'gen_ai.operation.name, in any dialect',
    provider           LowCardinality(String)              COMMENT 'gen_ai.provider.name, in any dialect',
    request_model      LowCardinality(String)              COMMENT 'Model that was asked for',
    response_model     LowCardinality(String)              COMMENT 'Model that answered',
    response_id        String                              COMMENT 'Id of the response, given by the provider',
    conversation_id    String                              COMMENT 'gen_ai.conversation.id',
    stream             Bool                                COMMENT 'Whether a stream was asked for',
    input_tokens       Nullable(UInt64)                    COMMENT 'Input tokens, cached ones included; NULL: not reported',
    output_tokens      Nullable(UInt64)                    COMMENT 'Output tokens, reasoning included; NULL: not reported',
    cache_read_tokens  UInt64                              COMMENT 'Input tokens read from the cache of the provider',
    cache_write_tokens UInt64                              COMMENT 'Input tokens written to the cache of the provider',
    reasoning_tokens   UInt64                              COMMENT 'Output tokens spent on reasoning',
    input_audio_tokens UInt64                              COMMENT 'Input tokens that were audio',
    output_audio_tokens UInt64                             COMMENT 'Output tokens that were audio',
    usage_reported     Bool                                COMMENT 'Whether the span had any token counts',
    usage_estimated    Bool                                COMMENT 'Whether the instrumentation is known to guess its token counts',
    cache_replay       Bool                                COMMENT 'Whether a gateway answered from its own cache',
    reported_cost_usd  Nullable(Decimal(18, 12))           COMMENT 'What the span itself says that the call cost, US dollars',
    received_at        DateTime64(6, 'UTC')                COMMENT 'When the insert that brought it began; the same for all rows of one insert'
)
ENGINE = ReplacingMergeTree(received_at)
PARTITION BY day
ORDER BY (trace_id, span_id)
TTL day + INTERVAL 30 DAY;

-- Which trace got spans when, in order of arrival: what the audit loop asks for the traces that settled.
CREATE TABLE IF NOT EXISTS arrivals
(
    received_at DateTime64(6, 'UTC') COMMENT 'received_at of the spans',
    trace_id    FixedString(32)      COMMENT 'Trace id, lower-case hex',
    spans       UInt32               COMMENT 'How many rows the insert brought for this trace',
    first_day   Date                 COMMENT 'Least day of those rows',
    last_day    Date                 COMMENT 'Greatest day of those rows'
)
ENGINE = MergeTree
PARTITION BY toDate(received_at)
ORDER BY (received_at, trace_id)
TTL toDate(received_at) + INTERVAL 3 DAY;

-- Arrivals are no sums of money: an insert that is repeated only makes its traces settle once more.
CREATE MATERIALIZED VIEW IF NOT EXISTS arrivals_of_spans TO arrivals AS
SELECT
    received_at,
    trace_id,
    toUInt32(count()) AS spans,
    min(day) AS first_day,
    max(day) AS last_day
FROM spans
GROUP BY received_at, trace_id;
