-- recorded_at is in the key: a corrected price keeps its past.
CREATE TABLE IF NOT EXISTS prices
(
    asset         String,
    quote         LowCardinality(String),
    at            DateTime64(3, 'UTC'),
    source        LowCardinality(String),
    recorded_at   DateTime64(3, 'UTC'),
    price         Decimal(76, 36),
    event_id      String
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (asset, quote, at, source, recorded_at, event_id)
SETTINGS index_granularity = 1024;
