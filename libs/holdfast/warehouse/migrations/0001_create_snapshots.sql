-- One complete statement of one source at one instant. A snapshot counts only once its row is here:
-- its lines are inserted first, so a reader who comes through this table never sees half of it.
CREATE TABLE IF NOT EXISTS snapshots
(
    source        String,                      -- tenant/provider/account/scope
    observed_at   DateTime64(3, 'UTC'),
    snapshot_id   String,                      -- hash of (source, observed_at, content)
    tenant        LowCardinality(String),
    provider      LowCardinality(String),
    account       String,                      -- CAIP-10, or <provider>:<id>
    scope         LowCardinality(String),
    chain         LowCardinality(Nullable(String)),
    fetched_at    DateTime64(3, 'UTC'),
    recorded_at   DateTime64(3, 'UTC'),        -- the stream's own time of the message
    job_id        String,
    block_number  Nullable(UInt64),
    block_hash    Nullable(String),
    block_time    Nullable(DateTime64(3, 'UTC')),
    raw           Array(String),               -- SHA-256 of the response bodies
    covers        Array(String),               -- receipt and LP tokens that its positions stand for
    lines         UInt32,
    stream_seq    UInt64,
    -- Of several copies the earliest counts, and the engine keeps the greatest.
    rank          UInt64 MATERIALIZED 18446744073709551615 - toUInt64(toUnixTimestamp64Milli(recorded_at))
)
ENGINE = ReplacingMergeTree(rank)
PARTITION BY toYYYYMM(observed_at)
ORDER BY (source, observed_at, snapshot_id)
SETTINGS index_granularity = 1024;
