-- The lines of all snapshots of some sources from an instant of each on, and beside each line that is valued by a
-- price the newest one at or before it that was recorded by a certain time. Of several claims for one instant the best
-- ranked source, then the one fetched last: as the lines are valued when they come in.
WITH
lines AS
(
    SELECT
        source, observed_at, snapshot_id, line, toString(asset) AS asset, side, kind, amount, price_usd, value_usd,
        reason, currency, stated_price, stated_value, toString(priced_by) AS priced_by, price_at
    FROM balances FINAL
    WHERE source IN {sources:Array(String)}
        AND observed_at >= {first:DateTime64(3, 'UTC')} AND observed_at <= {until:DateTime64(3, 'UTC')}
        AND observed_at >= mapFromArrays({sources:Array(String)}, {since:Array(DateTime64(3, 'UTC'))})[source]
),
known AS
(
    SELECT
        asset, at,
        argMax(tuple(price, prices.source),
            (-indexOf(arrayPushBack({ranking:Array(String)}, if(has({ranking:Array(String)}, prices.source), '', prices.source)), prices.source),
             fetched_at, event_id, price)) AS claim
    FROM prices
    WHERE quote = 'iso4217:USD' AND asset IN (SELECT priced_by FROM lines)
        AND recorded_at <= {known_at:DateTime64(3, 'UTC')} AND at <= {until:DateTime64(3, 'UTC')}
        AND at > {first:DateTime64(3, 'UTC')} - toIntervalSecond({age_s:UInt32})
        AND (asset, quote, at, prices.source, fetched_at) NOT IN
            (SELECT asset, quote, at, source, fetched_at FROM withdrawn_prices WHERE recorded_at <= {known_at:DateTime64(3, 'UTC')})
    GROUP BY asset, at
)
SELECT
    source, observed_at, snapshot_id,
    arrayMap(numbered -> numbered.2, arraySort(groupArray((line,
        (asset, toString(side), toString(kind), amount, price_usd, value_usd, toString(reason),
         if(priced_by = asset, price_at, NULL), if(reason IN ('no_price', 'stale'), priced_by, ''), toString(currency), stated_price, stated_value, priced_by,
         known.claim.1, known.claim.2, known.at))))) AS lines
FROM lines
ASOF LEFT JOIN known ON lines.priced_by = known.asset AND lines.observed_at >= known.at
GROUP BY source, observed_at, snapshot_id
SETTINGS join_use_nulls = 1
