-- Which pieces of a source's past are in, for ever (`fetches` forgets). The present is one more piece: it began with
-- the first fetch of what was then, ends in 2200, and has no step.
CREATE TABLE IF NOT EXISTS history_windows
(
    tenant       LowCardinality(String),
    source       String,
    feed         LowCardinality(String),
    window_end   DateTime64(3, 'UTC'),
    every_s      UInt32,
    window_start SimpleAggregateFunction(min, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY (tenant, source, feed, window_end, every_s)
SETTINGS index_granularity = 256;

CREATE MATERIALIZED VIEW IF NOT EXISTS history_windows_from_fetches TO history_windows AS
SELECT
    tenant, concat(tenant, '/', provider, '/', target, '/', scope) AS source, feed,
    ifNull(fetches.window_end, toDateTime64('2200-01-01 00:00:00', 3, 'UTC')) AS window_end,
    ifNull(window_every_s, 0) AS every_s, ifNull(fetches.window_start, started_at) AS window_start
FROM fetches
WHERE outcome = 'finished' AND (isNull(fetches.window_start) OR isNotNull(fetches.window_end));

INSERT INTO history_windows
SELECT
    tenant, concat(tenant, '/', provider, '/', target, '/', scope), feed, toDateTime64('2200-01-01 00:00:00', 3, 'UTC'),
    0, min(started_at)
FROM fetches
WHERE outcome = 'finished' AND isNull(window_start)
GROUP BY tenant, provider, target, scope, feed;
