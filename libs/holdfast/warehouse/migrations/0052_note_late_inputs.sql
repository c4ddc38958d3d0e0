-- What has come for days that were over already: late and corrected statements, and late prices in US dollars. What was
-- worked out for such a day before is to be worked out again (see closed_days).
--
-- A statement that is told again, as providers do all day, is no change: of one `identity` at an instant the `first`
-- time counts, and the `last` only where several contradict each other, because the one fetched last is current.
CREATE TABLE IF NOT EXISTS late_inputs
(
    kind     LowCardinality(String),           -- source or asset
    key      String,                           -- which source, or which asset
    at       DateTime64(3, 'UTC'),             -- the instant it is about
    place    LowCardinality(String),           -- of a price: who stated it
    identity String,                           -- what it says: the snapshot's id, or the price
    first    SimpleAggregateFunction(min, DateTime64(3, 'UTC')),
    last     SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY (kind, key, at, place, identity)
SETTINGS index_granularity = 1024;

-- Midnight itself is the last instant of the day before.
CREATE MATERIALIZED VIEW IF NOT EXISTS late_inputs_from_snapshots TO late_inputs AS
SELECT
    'source' AS kind, source AS key, observed_at AS at, '' AS place, snapshot_id AS identity,
    now64(3) AS first, now64(3) AS last
FROM snapshots
WHERE observed_at <= toStartOfDay(now('UTC'));

CREATE MATERIALIZED VIEW IF NOT EXISTS late_inputs_from_prices TO late_inputs AS
SELECT
    'asset' AS kind, asset AS key, at, source AS place, toString(price) AS identity, now64(3) AS first, now64(3) AS last
FROM prices
WHERE quote = 'iso4217:USD' AND at <= toStartOfDay(now('UTC'));
