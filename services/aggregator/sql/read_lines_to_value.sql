-- Lines of some snapshots for which there is a better price than the one they are valued with, and that price.
-- Best is the newest at or before the observation; of several claims for that very instant the best ranked
-- source, then the latest fetched. The price's version says so in one number: its time, and below it how many claims
-- there are where they disagree, so that it grows whenever the choice may have changed.
WITH
wanted AS
(
    SELECT arrayJoin(arrayZip(
        {sources:Array(String)}, {times:Array(DateTime64(3, 'UTC'))}, {snapshots:Array(String)})) AS snapshot
),
unpriced AS
(
    SELECT *
    FROM balances FINAL
    WHERE (source, observed_at, snapshot_id) IN (SELECT snapshot FROM wanted) AND priced_by != ''
),
best AS
(
    SELECT
        asset AS priced_asset,
        at AS priced_at,
        -- Sources that are not ranked come after all that are.
        argMax(tuple(price, prices.source),
            (-indexOf(arrayPushBack({ranking:Array(String)}, if(has({ranking:Array(String)}, prices.source), '', prices.source)), prices.source),
             fetched_at, event_id, price)) AS claim,
        bitShiftLeft(toUInt64(toUnixTimestamp64Milli(at)), 16)
            + if(uniqExact(prices.source, price) > 1, least(uniqExact(prices.source, event_id, price, fetched_at), 65535), 0) AS priced_version
    FROM prices
    WHERE quote = 'iso4217:USD' AND asset IN {assets:Array(String)}
        AND at > {first:DateTime64(3, 'UTC')} - toIntervalSecond({age_s:UInt32}) AND at <= {last:DateTime64(3, 'UTC')}
    GROUP BY asset, at
)
SELECT
    unpriced.*,
    best.claim.1 AS feed_price, best.claim.2 AS feed_source,
    best.priced_at AS feed_at, best.priced_version AS feed_version
FROM unpriced
ASOF INNER JOIN best ON unpriced.priced_by = best.priced_asset AND unpriced.observed_at >= best.priced_at
WHERE best.priced_version > unpriced.version AND best.priced_at > unpriced.observed_at - toIntervalSecond({age_s:UInt32})
SETTINGS
    join_use_nulls = 0,
    do_not_merge_across_partitions_select_final = 1,
    output_format_json_quote_decimals = 1,
    output_format_json_quote_64bit_integers = 0
