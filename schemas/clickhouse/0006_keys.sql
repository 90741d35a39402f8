-- Keys by which senders and readers are known. Only a hash of each is kept. The newest row of one id wins, read with FINAL.
CREATE TABLE IF NOT EXISTS keys
(
    id         String                 COMMENT 'The public part of the key',
    name       String                 COMMENT 'What people call it',
    role       LowCardinality(String) COMMENT 'ingest, read or admin',
    tenants    Array(String)          COMMENT 'Tenants that it may speak for or read; * for any run of characters',
    services   Array(String)          COMMENT 'Services whose spans it may send; * for any run of characters',
    sha256     FixedString(64)        COMMENT 'SHA-256 of the whole key, lower-case hex',
    created_at DateTime64(6, 'UTC')   COMMENT 'When it was made',
    is_revoked Bool                   COMMENT 'Whether it is good for nothing any more',
    changed_at DateTime64(6, 'UTC')   COMMENT 'When this row was written'
)
ENGINE = ReplacingMergeTree(changed_at)
ORDER BY id;

-- Who used which key, and who changed keys, contract and gate.
CREATE TABLE IF NOT EXISTS audit_log
(
    at     DateTime64(6, 'UTC')   COMMENT 'When it happened',
    actor  String                 COMMENT 'Id of the key that did it; local: without keys; cli: at the command line; waybill: by itself',
    action LowCardinality(String) COMMENT 'What was done, such as key-created or gate-asked',
    detail String                 COMMENT 'To what, and how; never a secret'
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(at)
ORDER BY at
TTL toDateTime(at) + INTERVAL 400 DAY;
