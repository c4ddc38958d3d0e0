-- The newest price of each asset from each source that has stated one in the last 35 days, how old it is, and whether
-- it is too old to value anything now: 24 hours for an asset, 5 days for a rate between currencies.
CREATE OR REPLACE VIEW price_freshness AS
SELECT
    asset,
    quote,
    source,
    newest.1                                               AS price,
    newest_at                                              AS at,
    newest.2                                               AS fetched_at,
    greatest(0, dateDiff('second', newest_at, now64(3)))   AS age_s,
    toBool(dateDiff('second', newest_at, now64(3)) >
        if(startsWith(asset, 'iso4217:'), 432000, 86400))  AS stale
FROM
(
    -- Of several claims for one instant the one fetched last counts.
    SELECT
        asset,
        toString(quote)                                                         AS quote,
        toString(source)                                                        AS source,
        argMax(tuple(price, fetched_at), (at, fetched_at, event_id))            AS newest,
        max(at)                                                                 AS newest_at
    FROM prices
    WHERE at > now() - INTERVAL 35 DAY
    GROUP BY asset, quote, source
);
