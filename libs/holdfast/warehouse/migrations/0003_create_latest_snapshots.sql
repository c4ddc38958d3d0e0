-- The current snapshot of each source, for reads that must not grow with history. Which one is current is
-- a maximum over a set, so duplicates, order and restarts cannot change it (a sum could not stand here).
CREATE TABLE IF NOT EXISTS latest_snapshots
(
    source        String,
    tenant        LowCardinality(String),
    provider      LowCardinality(String),
    account       String,
    scope         LowCardinality(String),
    chain         LowCardinality(Nullable(String)),
    observed_at   DateTime64(3, 'UTC'),
    fetched_at    DateTime64(3, 'UTC'),
    snapshot_id   String,
    covers        Array(String),
    lines         UInt32,
    rank          UInt256                      -- (observed_at, fetched_at, snapshot_id)
)
ENGINE = ReplacingMergeTree(rank)
ORDER BY source
SETTINGS index_granularity = 256;

CREATE MATERIALIZED VIEW IF NOT EXISTS latest_snapshots_from_snapshots TO latest_snapshots AS
SELECT
    source, tenant, provider, account, scope, chain, observed_at, fetched_at, snapshot_id, covers, lines,
    bitShiftLeft(toUInt256(toUnixTimestamp64Milli(observed_at)), 176)
        + bitShiftLeft(toUInt256(toUnixTimestamp64Milli(fetched_at)), 128)
        + toUInt256(reinterpretAsUInt128(reverse(unhex(snapshot_id)))) AS rank
FROM snapshots;
