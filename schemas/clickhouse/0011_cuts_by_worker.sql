-- Where the auditor of a share is away another works it, and keeps a cut of its own for it: so it can be told whether
-- the first is back.
ALTER TABLE cuts
    ADD COLUMN IF NOT EXISTS worker LowCardinality(String) COMMENT 'Share of the auditor that works this one while its own is away, such as 2/8; empty: its own',
    MODIFY ORDER BY (shard, worker);
