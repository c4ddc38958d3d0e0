-- For each pair the newest number at or before each of these instants and not older than it is looked for, as known
-- at a time, without those that had been taken back by then, and those of sources that are named so (conversion goes
-- through published rates alone). Of several claims for one instant the best ranked source, then the one fetched last.
SELECT DISTINCT asked.pair.1 AS asset, asked.pair.2 AS quote, known.at AS at, known.price AS price
FROM
(
    SELECT pair, pair.1 AS asset, pair.2 AS quote, instant
    FROM (SELECT arrayJoin({pairs:Array(Tuple(String, String))}) AS pair) AS pairs
    CROSS JOIN (SELECT arrayJoin({instants:Array(DateTime64(3, 'UTC'))}) AS instant) AS instants
) AS asked
ASOF INNER JOIN
(
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
) AS known
    ON asked.asset = known.asset AND asked.quote = known.quote AND asked.instant >= known.at
WHERE asked.instant - toIntervalSecond({age_s:UInt32}) <= known.at
ORDER BY asset, quote, at
