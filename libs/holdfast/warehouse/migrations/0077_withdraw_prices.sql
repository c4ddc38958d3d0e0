-- Prices that a mistaken parser had read where nothing was stated (`holdfast reparse`). A claim is never deleted: what was
-- known before stays known. So what was taken back is a fact of its own: of a source and an instant all that was fetched
-- `until` then. What is fetched later stands.
CREATE TABLE IF NOT EXISTS price_withdrawals
(
    asset       String,
    quote       LowCardinality(String),
    at          DateTime64(3, 'UTC'),
    source      LowCardinality(String),
    until       DateTime64(3, 'UTC'),
    price       Decimal(76, 36),               -- as it stood
    event_id    String,
    recorded_at DateTime64(3, 'UTC'),
    job_id      String,                        -- the fetch that had told it last
    rank        UInt64 MATERIALIZED 18446744073709551615 - toUInt64(toUnixTimestamp64Milli(recorded_at))
)
ENGINE = ReplacingMergeTree(rank)
PARTITION BY toYYYYMM(at)
ORDER BY (asset, quote, at, source, until, event_id)
SETTINGS index_granularity = 1024;

-- Which claims that concerns, and since when it is known: whoever picks a price leaves these out. Kept beside `prices`,
-- because there are few or none: to look into an empty set costs nothing.
CREATE TABLE IF NOT EXISTS withdrawn_prices
(
    asset       String,
    quote       LowCardinality(String),
    at          DateTime64(3, 'UTC'),
    source      LowCardinality(String),
    fetched_at  DateTime64(3, 'UTC'),
    recorded_at SimpleAggregateFunction(min, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (asset, quote, at, source, fetched_at)
SETTINGS index_granularity = 1024;

-- A day that was worked out with such a price is to be worked out again.
CREATE MATERIALIZED VIEW IF NOT EXISTS late_inputs_from_withdrawn_prices TO late_inputs AS
SELECT
    'asset' AS kind, asset AS key, at, source AS place, concat('withdrawn ', toString(fetched_at)) AS identity,
    now64(3) AS first, now64(3) AS last
FROM withdrawn_prices
WHERE quote = 'iso4217:USD' AND at <= toStartOfDay(now('UTC'));

-- What a fetch had said is asked by the fetch.
ALTER TABLE prices ADD INDEX IF NOT EXISTS prices_by_job job_id TYPE bloom_filter(0.001) GRANULARITY 1;
ALTER TABLE price_retellings ADD INDEX IF NOT EXISTS retellings_by_job tupleElement(told, 4) TYPE bloom_filter(0.001) GRANULARITY 1;
