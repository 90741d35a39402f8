-- One row a billable call. An audit writes all calls of a trace again: the newest wins, read with FINAL.
CREATE TABLE IF NOT EXISTS calls
(
    day                 Date COMMENT 'Day of start_time, UTC; the day of arrival where the span claims a time outside the retention',
    trace_id            FixedString(32) COMMENT 'Trace id, lower-case hex',
    span_id             FixedString(16) COMMENT 'Span id of the billable call, lower-case hex',
    start_time          DateTime64(6, 'UTC') COMMENT 'Start of the call',
    duration_us         UInt64 COMMENT 'How long it took, microseconds',
    service             LowCardinality(String) COMMENT 'Service of the call: the last station of its route',
    operation           LowCardinality(String) COMMENT 'chat, text_completion, generate_content, embeddings, …',
    provider            LowCardinality(String) COMMENT 'Provider of the model',
    model               LowCardinality(String) COMMENT 'Model that answered, else the model that was asked for',
    dialect             LowCardinality(String) COMMENT 'The dialect that the span was read in',
    response_id         String COMMENT 'Id of the response, given by the provider',
    user                String COMMENT 'User, as the station of the call shows it; empty: none',
    failed              Bool COMMENT 'Whether the attempt ended in an error',
    stream              Bool COMMENT 'Whether a stream was asked for',
    input_tokens        Nullable(UInt64) COMMENT 'Input tokens, cached ones included; NULL: unknown',
    output_tokens       Nullable(UInt64) COMMENT 'Output tokens, reasoning included; NULL: unknown',
    cache_read_tokens   Nullable(UInt64) COMMENT 'Input tokens read from the cache of the provider',
    cache_write_tokens  Nullable(UInt64) COMMENT 'Input tokens written to the cache of the provider',
    reasoning_tokens    Nullable(UInt64) COMMENT 'Output tokens spent on reasoning',
    usage_span_id       String COMMENT 'The span whose usage was counted; empty: none had any',
    cost_usd            Nullable(Decimal(18, 12)) COMMENT 'Cost in US dollars; NULL: unknown, which is never zero',
    price_source        LowCardinality(String) COMMENT 'Where the price came from; empty: no price',
    reported_cost_usd   Nullable(Decimal(18, 12)) COMMENT 'What the gateway or the instrumentation says that it cost, US dollars',
    joined_by           LowCardinality(String) COMMENT 'How a record of a gateway was joined to the call; empty: the call is a span alone',
    echo_span_ids       Array(String) COMMENT 'Calls above it that repeat this cost',
    verdict             Enum8('unattributed' = 0, 'attributed' = 1, 'enforceable' = 2) COMMENT 'What may be done with its attribution: nothing, report on it, block on it',
    misattributed       Bool COMMENT 'Had blocking been on, the wrong tenant could have been stopped',
    row_level           Bool COMMENT 'Whether every required attribute stands on the span of the call itself',
    enforcement_point   LowCardinality(String) COMMENT 'Service of the enforcement point; empty: the route crosses none',
    resolved_policy     LowCardinality(String) COMMENT 'The policy that the call resolves to; empty: none',
    route               Array(LowCardinality(String)) COMMENT 'Services of the stations, origin first',
    tenant              LowCardinality(String) COMMENT 'Tenant, as the station of the call shows it; empty: absent',
    tenant_origin       LowCardinality(String) COMMENT 'tenant at the first station of the route',
    tenant_enforcement  LowCardinality(String) COMMENT 'tenant at the enforcement point',
    tenant_span         LowCardinality(String) COMMENT 'tenant on the span of the call itself: the row-level view',
    tenant_outcome      Enum8('conflicting' = 1, 'rewritten' = 2, 'missing' = 3, 'dropped' = 4, 'late' = 5, 'unreported' = 6, 'intact' = 7) COMMENT 'How tenant fared from the origin to the call',
    tenant_provenance   LowCardinality(String) COMMENT 'Who vouches for tenant: signed, bound, asserted; empty: nobody',
    tenant_hop_from     LowCardinality(String) COMMENT 'Where tenant was lost, changed or first seen: the station before; empty: nowhere',
    tenant_hop_to       LowCardinality(String) COMMENT 'Where tenant was lost, changed or first seen: the station after; empty: nowhere',
    feature             LowCardinality(String) COMMENT 'Feature, as the station of the call shows it; empty: absent',
    feature_origin      LowCardinality(String) COMMENT 'feature at the first station of the route',
    feature_enforcement LowCardinality(String) COMMENT 'feature at the enforcement point',
    feature_span        LowCardinality(String) COMMENT 'feature on the span of the call itself: the row-level view',
    feature_outcome     Enum8('conflicting' = 1, 'rewritten' = 2, 'missing' = 3, 'dropped' = 4, 'late' = 5, 'unreported' = 6, 'intact' = 7) COMMENT 'How feature fared from the origin to the call',
    feature_provenance  LowCardinality(String) COMMENT 'Who vouches for feature: signed, bound, asserted; empty: nobody',
    feature_hop_from    LowCardinality(String) COMMENT 'Where feature was lost, changed or first seen: the station before; empty: nowhere',
    feature_hop_to      LowCardinality(String) COMMENT 'Where feature was lost, changed or first seen: the station after; empty: nowhere',
    policy              LowCardinality(String) COMMENT 'Policy, as the station of the call shows it; empty: absent',
    policy_origin       LowCardinality(String) COMMENT 'policy at the first station of the route',
    policy_enforcement  LowCardinality(String) COMMENT 'policy at the enforcement point',
    policy_span         LowCardinality(String) COMMENT 'policy on the span of the call itself: the row-level view',
    policy_outcome      Enum8('conflicting' = 1, 'rewritten' = 2, 'missing' = 3, 'dropped' = 4, 'late' = 5, 'unreported' = 6, 'intact' = 7) COMMENT 'How policy fared from the origin to the call',
    policy_provenance   LowCardinality(String) COMMENT 'Who vouches for policy: signed, bound, asserted; empty: nobody',
    policy_hop_from     LowCardinality(String) COMMENT 'Where policy was lost, changed or first seen: the station before; empty: nowhere',
    policy_hop_to       LowCardinality(String) COMMENT 'Where policy was lost, changed or first seen: the station after; empty: nowhere',
    failed_questions    Array(LowCardinality(String)) COMMENT 'The questions that do not hold: presence, survival, agreement, provenance, observation, cost, policy',
    finding_rules       Array(LowCardinality(String)) COMMENT 'Findings, one array a field, in the same order: the rule',
    finding_severities  Array(LowCardinality(String)) COMMENT 'error, warning or info',
    finding_questions   Array(LowCardinality(String)) COMMENT 'The question that the rule belongs to',
    finding_attributes  Array(LowCardinality(String)) COMMENT 'The attribute that it is about; empty: none',
    finding_hop_from    Array(LowCardinality(String)) COMMENT 'The station before the break; empty: no single hop',
    finding_hop_to      Array(LowCardinality(String)) COMMENT 'The station after the break; empty: no single hop',
    finding_span_ids    Array(String) COMMENT 'The span that shows it',
    finding_messages    Array(String) COMMENT 'What is wrong',
    finding_fixes       Array(String) COMMENT 'What to do about it',
    audited_at          DateTime64(6, 'UTC') COMMENT 'When it was audited; the newest audit replaces the older ones',
    is_deleted          UInt8 COMMENT '1 where a later audit found that this span is no billable call'
)
ENGINE = ReplacingMergeTree(audited_at, is_deleted)
PARTITION BY day
ORDER BY (trace_id, span_id)
TTL day + INTERVAL 400 DAY;

-- One row an audited trace: which arrivals its newest audit has seen, and what is wrong with it as a whole.
CREATE TABLE IF NOT EXISTS audits
(
    day                Date                               COMMENT 'Least day of its spans',
    trace_id           FixedString(32)                    COMMENT 'Trace id, lower-case hex',
    seen               Array(DateTime64(6, 'UTC'))        COMMENT 'received_at of the arrivals that the audit has seen',
    spans              UInt32                             COMMENT 'Spans that were audited',
    calls              UInt32                             COMMENT 'Billable calls that were found',
    finding_rules      Array(LowCardinality(String))      COMMENT 'Findings about the trace as a whole, one array a field: the rule',
    finding_severities Array(LowCardinality(String))      COMMENT 'error, warning or info',
    finding_hop_from   Array(LowCardinality(String))      COMMENT 'The station before the break; empty: no single hop',
    finding_hop_to     Array(LowCardinality(String))      COMMENT 'The station after the break; empty: no single hop',
    finding_span_ids   Array(String)                      COMMENT 'The span that shows it',
    finding_messages   Array(String)                      COMMENT 'What is wrong',
    finding_fixes      Array(String)                      COMMENT 'What to do about it',
    audited_at         DateTime64(6, 'UTC')               COMMENT 'When it was audited',
    INDEX recent audited_at TYPE minmax
)
ENGINE = ReplacingMergeTree(audited_at)
PARTITION BY day
ORDER BY trace_id
TTL day + INTERVAL 30 DAY;

-- How far the audit loop has come: a share of the traces (by cityHash64 of the trace id) and its cut.
CREATE TABLE IF NOT EXISTS cuts
(
    shard      LowCardinality(String)    COMMENT 'Share of the traces, such as 1/1',
    cut        DateTime64(6, 'UTC')      COMMENT 'Every trace that settled up to here has been audited',
    updated_at DateTime64(6, 'UTC')      COMMENT 'When it was written'
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY shard;

-- Every answer that the gate ever gave.
CREATE TABLE IF NOT EXISTS gates
(
    asked_at DateTime64(6, 'UTC')     COMMENT 'When it was asked',
    tenant   LowCardinality(String)   COMMENT 'Scope; empty: all tenants',
    feature  LowCardinality(String)   COMMENT 'Scope; empty: all features',
    policy   LowCardinality(String)   COMMENT 'Scope; empty: all policies',
    service  LowCardinality(String)   COMMENT 'Scope; empty: all services',
    answer   LowCardinality(String)   COMMENT 'ready, not_ready or insufficient_data',
    score    Nullable(Float64)        COMMENT 'Score in the window; NULL: no calls',
    evidence String                   COMMENT 'The whole answer, JSON'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(asked_at)
ORDER BY (tenant, feature, policy, asked_at);
