-- When which price feed was refused for asking too often, and for which assets: a line without a price then is
-- `rate_limited`, not `no_price`. A spell lasts from the refusal until the feed's next attempt. A feed of everything
-- that never quoted anything may have lacked any asset: '*'.
CREATE OR REPLACE VIEW throttled_prices AS
WITH spells AS
(
    SELECT provider, target, since, until
    FROM
    (
        SELECT
            provider, target, error, finished_at AS since,
            leadInFrame(finished_at, 1, toDateTime64('2200-01-01 00:00:00', 3, 'UTC')) OVER
                (PARTITION BY tenant, provider, target, scope ORDER BY finished_at, event_id
                 ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS until
        FROM fetches FINAL
        WHERE feed = 'prices' AND isNull(window_start)
    )
    WHERE error = 'RateLimited' AND since < until
)
SELECT provider, trim(arrayJoin(splitByChar(',', target))) AS asset, since, until
FROM spells
WHERE target != '*'
UNION ALL
SELECT s.provider AS provider, if(q.asset = '', '*', q.asset) AS asset, s.since AS since, s.until AS until
FROM (SELECT provider, since, until FROM spells WHERE target = '*') AS s
LEFT JOIN
(
    SELECT DISTINCT toString(source) AS feed, asset
    FROM prices
    WHERE source IN (SELECT provider FROM spells WHERE target = '*')
) AS q ON q.feed = s.provider
SETTINGS join_use_nulls = 0;
