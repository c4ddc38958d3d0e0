-- When feeds were refused for asking too often that were asked for some of these assets, or for everything, of what
-- touches a span of time, as known at a time: as the view throttled_prices_as_known, which takes far longer to plan.
SELECT provider, target, since, least(next, since + INTERVAL 1 DAY) AS until
FROM
(
    SELECT
        toString(provider) AS provider, target, refused, finished_at AS since,
        leadInFrame(finished_at, 1, toDateTime64('2200-01-01 00:00:00', 3, 'UTC')) OVER
            (PARTITION BY provider, target, scope ORDER BY finished_at, event_id
             ROWS BETWEEN CURRENT ROW AND 1 FOLLOWING) AS next
    FROM (SELECT DISTINCT provider, target, scope, finished_at, event_id, refused FROM price_attempts
          WHERE recorded_at <= {known_at:DateTime64(3, 'UTC')}
            AND finished_at > {since:DateTime64(3, 'UTC')} - INTERVAL 1 DAY
            AND finished_at <= {until:DateTime64(3, 'UTC')} + INTERVAL 1 DAY
            AND hasAny(arrayMap(asset -> trim(asset), splitByChar(',', target)), {assets:Array(String)}))
)
WHERE refused AND since < next AND since <= {until:DateTime64(3, 'UTC')} AND {since:DateTime64(3, 'UTC')} < until
