-- One row a record of a gateway: what its log says of one request. The newest of one record wins, read with FINAL.
CREATE TABLE IF NOT EXISTS payloads
(
    day           Date                   COMMENT 'Day of start_time, UTC; the day of arrival where the record claims a time outside the retention',
    own_trace_id  FixedString(32)        COMMENT 'Made from gateway and record_id: the trace in which the record stands while it joins nothing',
    own_span_id   FixedString(16)        COMMENT 'Made from gateway and record_id: its span id wherever it stands',
    gateway       LowCardinality(String) COMMENT 'litellm, helicone, portkey, …',
    record_id     String                 COMMENT 'Id of the record in the log of the gateway',
    keys          Array(String)          COMMENT 'What it can be joined by: trace, response, request, model and tokens at its time',
    start_time    DateTime64(6, 'UTC')   COMMENT 'Start of the request',
    record        String                 COMMENT 'The record in the words of Waybill, JSON; never content',
    received_at   DateTime64(6, 'UTC')   COMMENT 'When it came, or when it was last put in its place again',
    provider      LowCardinality(String) MATERIALIZED JSONExtractString(record, 'call', 'provider') COMMENT 'Provider of the model',
    model         LowCardinality(String) MATERIALIZED if(JSONExtractString(record, 'call', 'responseModel') != '', JSONExtractString(record, 'call', 'responseModel'), JSONExtractString(record, 'call', 'requestModel')) COMMENT 'Model that answered, else the model that was asked for',
    input_tokens  Nullable(UInt64)       MATERIALIZED JSONExtract(record, 'call', 'usage', 'inputTokens', 'Nullable(UInt64)') COMMENT 'Input tokens, cached ones included; NULL: not reported',
    output_tokens Nullable(UInt64)       MATERIALIZED JSONExtract(record, 'call', 'usage', 'outputTokens', 'Nullable(UInt64)') COMMENT 'Output tokens, reasoning included; NULL: not reported',
    charged_usd   Nullable(Decimal(18, 12)) MATERIALIZED toDecimal64OrNull(JSONExtractString(record, 'call', 'reportedCostUsd'), 12) COMMENT 'What the gateway charged, US dollars; NULL: unknown'
)
ENGINE = ReplacingMergeTree(received_at)
PARTITION BY day
ORDER BY own_trace_id
TTL day + INTERVAL 30 DAY;

-- Where spans find records: by key.
CREATE TABLE IF NOT EXISTS payload_keys
(
    day          Date            COMMENT 'Day of the record',
    key          String          COMMENT 'One of its keys',
    own_trace_id FixedString(32) COMMENT 'own_trace_id of the record',
    own_span_id  FixedString(16) COMMENT 'own_span_id of the record'
)
ENGINE = ReplacingMergeTree
PARTITION BY day
ORDER BY (key, own_trace_id)
TTL day + INTERVAL 30 DAY;

CREATE MATERIALIZED VIEW IF NOT EXISTS keys_of_payloads TO payload_keys AS
SELECT day, arrayJoin(keys) AS key, own_trace_id, own_span_id
FROM payloads;

-- A record arrives as the spans of a trace do, and is put in its place when that has settled.
CREATE MATERIALIZED VIEW IF NOT EXISTS arrivals_of_payloads TO arrivals AS
SELECT
    received_at,
    own_trace_id AS trace_id,
    toUInt32(count()) AS spans,
    min(day) AS first_day,
    max(day) AS last_day
FROM payloads
GROUP BY received_at, trace_id;

-- Where records find spans: by the id of a response or of a request.
CREATE TABLE IF NOT EXISTS span_keys
(
    day      Date            COMMENT 'Day of the span',
    key      String          COMMENT 'response or request, and the id',
    trace_id FixedString(32) COMMENT 'Trace id, lower-case hex'
)
ENGINE = ReplacingMergeTree
PARTITION BY day
ORDER BY (key, trace_id)
TTL day + INTERVAL 30 DAY;

CREATE MATERIALIZED VIEW IF NOT EXISTS keys_of_spans TO span_keys AS
SELECT
    day,
    arrayJoin(arrayConcat(
        if(response_id = '', [], [concat('response ', response_id)]),
        arrayMap(
            id -> concat('request ', id),
            mapValues(mapFilter(
                (name, id) -> name IN ('request.id', 'request_id', 'requestId', 'x-request-id', 'http.request.header.x-request-id', 'http.response.header.x-request-id', 'aws.request_id', 'litellm.call_id', 'litellm_call_id', 'gateway_request_id'),
                attributes
            ))
        )
    )) AS key,
    trace_id
FROM spans
WHERE scope_name != 'waybill.record';

-- Spans that were here before.
INSERT INTO span_keys
SELECT
    day,
    arrayJoin(arrayConcat(
        if(response_id = '', [], [concat('response ', response_id)]),
        arrayMap(
            id -> concat('request ', id),
            mapValues(mapFilter(
                (name, id) -> name IN ('request.id', 'request_id', 'requestId', 'x-request-id', 'http.request.header.x-request-id', 'http.response.header.x-request-id', 'aws.request_id', 'litellm.call_id', 'litellm_call_id', 'gateway_request_id'),
                attributes
            ))
        )
    )) AS key,
    trace_id
FROM spans
WHERE scope_name != 'waybill.record';
