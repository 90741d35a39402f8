-- What was decided before calls were made, one row a decision. A retried insert writes the same rows again: read with FINAL.
CREATE TABLE IF NOT EXISTS decisions
(
    day           Date                    COMMENT 'Day of decided_at, UTC',
    id            FixedString(32)         COMMENT 'Its id, which is also that of the reservation',
    decided_at    DateTime64(6, 'UTC')    COMMENT 'When it was decided',
    expires_at    DateTime64(6, 'UTC')    COMMENT 'When the reservation is free again, if no call settles it',
    tenant        LowCardinality(String)  COMMENT 'Whose the call is; empty: nobody said',
    feature       LowCardinality(String)  COMMENT 'What it is made for; empty: nobody said',
    policy        LowCardinality(String)  COMMENT 'The policy of the contract that counts; empty: none',
    mode          LowCardinality(String)  COMMENT 'shadow or enforce',
    answer        LowCardinality(String)  COMMENT 'allow, warn or deny, as it was answered',
    would         LowCardinality(String)  COMMENT 'allow, warn or deny, as it is or would be answered where enforcement holds',
    reason        LowCardinality(String)  COMMENT 'Why',
    is_reserved   Bool                    COMMENT 'Whether the estimate was reserved',
    is_stale      Bool                    COMMENT 'Whether it went by what was known last',
    estimated_usd Decimal(18, 12)         COMMENT 'What the call was expected to cost, US dollars',
    used_usd      Nullable(Decimal(18, 12)) COMMENT 'Spent and reserved in the period before it, US dollars; NULL: not known',
    limit_usd     Nullable(Decimal(18, 12)) COMMENT 'Limit of the policy, US dollars; NULL: none',
    period_from   DateTime64(6, 'UTC')    COMMENT 'Start of the period of the limit',
    trace_id      String                  COMMENT 'Trace in which the call is made; empty: not told',
    call_id       String                  COMMENT 'What the caller calls it; empty: not told',
    who           String                  COMMENT 'Id of the key that asked; local: without keys'
)
ENGINE = ReplacingMergeTree
PARTITION BY day
ORDER BY (decided_at, id)
TTL day + INTERVAL 30 DAY;

ALTER TABLE calls ADD COLUMN IF NOT EXISTS reservation_id String COMMENT 'The reservation under which it was made; empty: none is named' AFTER joined_by;
