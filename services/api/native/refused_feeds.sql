-- The price feeds whose newest fetch was refused for asking too often: while there is none, throttled_prices has no row
-- of this moment.
SELECT provider
FROM fetches
WHERE feed = 'prices' AND isNull(window_start)
GROUP BY tenant, provider, target, scope
HAVING argMax(error, (finished_at, event_id)) = 'RateLimited'
LIMIT 1
