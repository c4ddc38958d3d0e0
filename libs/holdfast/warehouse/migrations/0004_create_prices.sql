-- Every claim stays: a corrected price is another event, so the one it corrects keeps its past.
-- Of several copies of one event the earliest recorded counts.
CREATE TABLE IF NOT EXISTS prices
(
    asset         String,
    quote         LowCardinality(String),
    at            DateTime64(3, 'UTC'),
    source        LowCardinality(String),
    price         Decimal(76, 36),
    event_id      String,
    fetched_at    DateTime64(3, 'UTC'),        -- of claims for one instant by equal sources, the latest fetched counts
    recorded_at   DateTime64(3, 'UTC'),
    rank          UInt64 MATERIALIZED 18446744073709551615 - toUInt64(toUnixTimestamp64Milli(recorded_at))
)
ENGINE = ReplacingMergeTree(rank)
PARTITION BY toYYYYMM(at)
ORDER BY (asset, quote, at, source, event_id, price)
SETTINGS index_granularity = 1024;
