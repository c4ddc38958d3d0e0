-- Prices of some pairs in a span of time, as known at a time, without those that had been taken back by then, and those of sources that are named so (conversion
-- goes through published rates alone). Of several claims for one instant the best ranked
-- source, then the one fetched last: as lines are valued when they come in.
SELECT
    asset, toString(quote) AS quote, at,
    argMax(price, (
        -indexOf(arrayPushBack({ranking:Array(String)}, if(has({ranking:Array(String)}, source), '', source)), source),
        fetched_at, event_id, price)) AS price
FROM prices
WHERE (asset, quote) IN {pairs:Array(Tuple(String, String))}
    AND at >= {since:DateTime64(3, 'UTC')} AND at <= {until:DateTime64(3, 'UTC')}
    AND ({but:String} = '' OR NOT endsWith(source, {but:String}))
    AND recorded_at <= {known_at:DateTime64(3, 'UTC')}
    AND (asset, quote, at, source, fetched_at) NOT IN
        (SELECT asset, quote, at, source, fetched_at FROM withdrawn_prices WHERE recorded_at <= {known_at:DateTime64(3, 'UTC')})
GROUP BY asset, quote, at
ORDER BY asset, quote, at
