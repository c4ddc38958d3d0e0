-- The price feeds whose newest fetch was refused for asking too often: while there is none, throttled_prices has no row
-- of this moment. Prices are fetched as `public` and for nobody else, so no tenant's own fetches are read. Nor is more
-- than the errors of the public ones, as long as none was ever refused.
SELECT provider
FROM fetches
WHERE tenant = 'public' AND feed = 'prices' AND isNull(window_start) AND (provider, target, scope) IN
(
    SELECT provider, target, scope
    FROM fetches
    WHERE tenant = 'public' AND error = 'RateLimited' AND feed = 'prices' AND isNull(window_start)
)
GROUP BY provider, target, scope
HAVING argMax(error, (finished_at, event_id)) = 'RateLimited'
LIMIT 1
