-- That a price was refused for asking too often, or asked for once more, may be heard of when its day is over and worked
-- out: why a line had no value is another reason then (`rate_limited` and no longer `no_price`, or the other way round).
-- The key is an asset, or * of a feed of everything.
CREATE MATERIALIZED VIEW IF NOT EXISTS late_inputs_from_fetches TO late_inputs AS
SELECT
    'attempt' AS kind, arrayJoin(arrayMap(asset -> trim(asset), splitByChar(',', target))) AS key, finished_at AS at,
    provider AS place, if(error = 'RateLimited', 'refused', 'tried') AS identity, now64(3) AS first, now64(3) AS last
FROM fetches
WHERE feed = 'prices' AND isNull(window_start) AND finished_at <= toStartOfDay(now('UTC'));

-- Those that were recorded when their day was over: days that have been worked out since stay as they are.
INSERT INTO late_inputs (kind, key, at, place, identity, first, last)
SELECT
    'attempt', arrayJoin(arrayMap(asset -> trim(asset), splitByChar(',', target))), finished_at,
    provider, if(refused, 'refused', 'tried'), recorded_at, recorded_at
FROM price_attempts
WHERE finished_at <= toStartOfDay(recorded_at);
