-- Sources whose current snapshot is not the one that their snapshots say (see 0042).
CREATE TABLE IF NOT EXISTS rebuilt_latest
(
    run           String,
    unit          String,
    look          UInt32,
    source        String,
    tenant        String,
    provider      String,
    account       String,
    scope         String,
    chain         Nullable(String),
    observed_at   DateTime64(3, 'UTC'),
    fetched_at    DateTime64(3, 'UTC'),
    snapshot_id   String,
    covers        Array(String),
    lines         UInt32,
    rank          UInt256,
    live_snapshot String,                      -- empty where there is no row
    live_rank     UInt256,
    live_digest   UInt64,
    seen          UInt64,
    recorded_at   DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
ORDER BY (run, unit, source)
TTL toDateTime(recorded_at) + INTERVAL 90 DAY;
