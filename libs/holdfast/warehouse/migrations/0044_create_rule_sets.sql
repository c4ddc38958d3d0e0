-- The rules on what counts, as numbered sets of a tenant: the greatest number holds, and none is ever changed. A
-- portfolio's row says what they come to for it, so that a new set is a new revision of what it concerns.
CREATE TABLE IF NOT EXISTS registry_rule_sets
(
    tenant        LowCardinality(String),
    number        UInt32,
    note          String,
    created_at    DateTime64(3, 'UTC'),
    rules         Array(Tuple(
                      asset String,
                      action LowCardinality(String),           -- exclude or keep
                      portfolio LowCardinality(String),        -- empty for all of the tenant
                      why String))
)
ENGINE = ReplacingMergeTree
ORDER BY (tenant, number)
SETTINGS index_granularity = 256;

ALTER TABLE registry_portfolios ADD COLUMN IF NOT EXISTS excluded Array(String) AFTER deleted;
