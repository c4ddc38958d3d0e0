-- For each pair the newest rate at or before each of these instants, and not older than a rate may be. What was worked
-- out from two rates is left out: the path goes through those.
SELECT DISTINCT
    asked.pair.1  AS base,
    asked.pair.2  AS quote,
    known.at      AS at,
    known.price   AS price
FROM
(
    SELECT pair, pair.1 AS asset, pair.2 AS quote, instant
    FROM (SELECT arrayJoin({pairs:Array(Tuple(String, String))}) AS pair) AS pairs
    CROSS JOIN (SELECT arrayJoin({instants:Array(DateTime64(3, 'UTC'))}) AS instant) AS instants
) AS asked
ASOF INNER JOIN
(
    -- Of several claims for one instant the one fetched last counts.
    SELECT asset, toString(quote) AS quote, at, argMax(price, (fetched_at, source, event_id)) AS price
    FROM prices
    WHERE (asset, quote) IN {pairs:Array(Tuple(String, String))}
      AND at >= arrayMin({instants:Array(DateTime64(3, 'UTC'))}) - toIntervalSecond({age_s:UInt32})
      AND at <= arrayMax({instants:Array(DateTime64(3, 'UTC'))})
      AND NOT endsWith(source, {crossed:String})
      AND recorded_at <= {known_at:DateTime64(3, 'UTC')}
    GROUP BY asset, quote, at
) AS known
    ON asked.asset = known.asset AND asked.quote = known.quote AND asked.instant >= known.at
