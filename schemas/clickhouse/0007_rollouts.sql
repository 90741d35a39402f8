-- How far people want enforcement rolled out. Every change is a row; the newest of a scope counts, read with FINAL.
CREATE TABLE IF NOT EXISTS rollouts
(
    tenant String                 COMMENT 'Scope; *: every tenant',
    policy String                 COMMENT 'Scope; *: every policy',
    mode   LowCardinality(String) COMMENT 'off, shadow or enforce',
    who    String                 COMMENT 'Id of the key that asked for it; local: without keys',
    why    String                 COMMENT 'What they said',
    at     DateTime64(6, 'UTC')   COMMENT 'When it was asked for'
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, policy, at);

-- What holds in a scope, one row a stretch of time in which the mode stayed the same. The row of the present stretch is
-- written again with each answer of the gate; the newest wins, read with FINAL.
CREATE TABLE IF NOT EXISTS rollout_states
(
    tenant      String                 COMMENT 'Scope',
    policy      String                 COMMENT 'Scope; empty: whatever policy',
    since       DateTime64(6, 'UTC')   COMMENT 'When the mode began to hold',
    mode        LowCardinality(String) COMMENT 'off, shadow or enforce: the lower of what was asked and what the gate allows',
    asked       LowCardinality(String) COMMENT 'off, shadow or enforce, as people want it',
    why         String                 COMMENT 'Why the mode changed when it did',
    is_open     Bool                   COMMENT 'Whether the gate allows enforcement, its waiting times counted in',
    gate        LowCardinality(String) COMMENT 'Last answer of the gate: ready, not_ready or insufficient_data',
    blocker     String                 COMMENT 'The first blocker of that answer; empty: none',
    turned_at   DateTime64(6, 'UTC')   COMMENT 'Since when the gate has been ready, or has not',
    answered_at DateTime64(6, 'UTC')   COMMENT 'When the gate answered last'
)
ENGINE = ReplacingMergeTree(answered_at)
ORDER BY (tenant, policy, since);
