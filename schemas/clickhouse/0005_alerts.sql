-- What people were warned of, one row an alert. Two processes that see the same write the same id, of which the window
-- of deduplication lets the first insert in alone: it is the lock that no other process needs.
CREATE TABLE IF NOT EXISTS alerts
(
    id          String                            COMMENT 'Kind, what it is about, and its period',
    kind        LowCardinality(String)            COMMENT 'budget-threshold, budget-forecast, unattributed-spend, score-drop, gate-lost, unusual-spend',
    tenant      LowCardinality(String)            COMMENT 'Scope; empty: all tenants',
    feature     LowCardinality(String)            COMMENT 'Scope; empty: all features',
    policy      LowCardinality(String)            COMMENT 'Scope; empty: all policies',
    service     LowCardinality(String)            COMMENT 'Scope; empty: all services',
    raised_at   DateTime64(6, 'UTC')              COMMENT 'When it was seen',
    period_from DateTime64(6, 'UTC')              COMMENT 'Start of the period or window that it is about',
    period_to   DateTime64(6, 'UTC')              COMMENT 'End of it',
    observed    String                            COMMENT 'What was seen, in words',
    expected    String                            COMMENT 'What it was held against',
    message     String                            COMMENT 'The whole in a sentence',
    channels    Array(LowCardinality(String))     COMMENT 'The channels that are to be told'
)
ENGINE = ReplacingMergeTree
ORDER BY id
TTL toDate(raised_at) + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 10000;

-- One row an attempt to tell a channel of an alert. Whoever gets the row in first makes the attempt; what came of it
-- replaces the row.
CREATE TABLE IF NOT EXISTS alert_attempts
(
    alert_id   String                   COMMENT 'The alert',
    channel    LowCardinality(String)   COMMENT 'The channel',
    attempt    UInt16                   COMMENT 'From 1',
    claimed_by String                   COMMENT 'The process that makes it',
    state      LowCardinality(String)   COMMENT 'sending, delivered or failed',
    error      String                   COMMENT 'What went wrong; empty: nothing',
    updated_at DateTime64(6, 'UTC')     COMMENT 'When the row was written'
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY (alert_id, channel, attempt)
TTL toDate(updated_at) + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 10000;
