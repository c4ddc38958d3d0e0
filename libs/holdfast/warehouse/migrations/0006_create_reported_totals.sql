-- Totals that providers computed themselves: compared with ours, never added.
CREATE TABLE IF NOT EXISTS reported_totals
(
    source        String,
    observed_at   DateTime64(3, 'UTC'),
    platform      LowCardinality(String),      -- empty for the whole account
    event_id      String,
    tenant        LowCardinality(String),
    provider      LowCardinality(String),
    account       String,
    scope         LowCardinality(String),
    fetched_at    DateTime64(3, 'UTC'),
    recorded_at   DateTime64(3, 'UTC'),
    job_id        String,
    currency      LowCardinality(String),
    total         Nullable(Decimal(76, 36)),
    raw           Array(String)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(observed_at)
ORDER BY (source, observed_at, platform, event_id);
