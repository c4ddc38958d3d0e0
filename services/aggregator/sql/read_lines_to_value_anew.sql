-- As read_lines_to_value.sql where prices have been taken back: null is the price of a line whose own was, if there is no
-- other.
-- Best is the newest at or before the observation; of several claims for that very instant the best ranked
-- source, then the latest fetched. The price's version says so in one number: its time, and below it how many claims
-- there are where they disagree, so that it grows whenever the choice may have changed. Behind a price that was taken back
-- an older one serves again: then the version is of the time of that which was taken back, and counts all claims before it
-- too, because each of them may be the one that serves.
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
withdrawn AS
(
    SELECT asset, quote, at, source, fetched_at FROM withdrawn_prices
    WHERE quote = 'iso4217:USD' AND asset IN {assets:Array(String)}
        AND at > {first:DateTime64(3, 'UTC')} - toIntervalSecond({age_s:UInt32}) - toIntervalSecond({age_s:UInt32}) AND at <= {last:DateTime64(3, 'UTC')}
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
        AND (asset, quote, at, prices.source, fetched_at) NOT IN (SELECT * FROM withdrawn)
    GROUP BY asset, at
),
taken_back AS
(
    SELECT
        asset AS taken_asset, at AS taken_at,
        bitShiftLeft(toUInt64(toUnixTimestamp64Milli(at)), 16) + least(said, 65535) AS taken_version
    FROM
    (
        SELECT
            asset, at, gone,
            sum(told + gone) OVER (PARTITION BY asset ORDER BY toUnixTimestamp64Milli(at)
                RANGE BETWEEN {age_ms:UInt64} PRECEDING AND CURRENT ROW) AS said
        FROM
        (
            SELECT
                asset, at,
                uniqExact(prices.source, event_id, price, fetched_at) AS told,
                uniqExactIf((prices.source, event_id, price, fetched_at),
                    (asset, quote, at, prices.source, fetched_at) IN (SELECT * FROM withdrawn)) AS gone
            FROM prices
            WHERE quote = 'iso4217:USD' AND asset IN (SELECT asset FROM withdrawn)
                AND at > {first:DateTime64(3, 'UTC')} - toIntervalSecond({age_s:UInt32}) - toIntervalSecond({age_s:UInt32}) AND at <= {last:DateTime64(3, 'UTC')}
            GROUP BY asset, at
        )
    )
    WHERE gone > 0
)
SELECT
    * EXCEPT (priced_asset, priced_at, claim, priced_version, taken_asset, taken_at, taken_version, found, taken),
    if(found, toNullable(claim.1), NULL) AS feed_price, if(found, toString(claim.2), '') AS feed_source,
    priced_at AS feed_at, greatest(if(found, priced_version, 0), if(taken, taken_version, 0)) AS feed_version
FROM
(
    SELECT
        unpriced.*, best.*, taken_back.*,
        best.priced_version > 0 AND best.priced_at > unpriced.observed_at - toIntervalSecond({age_s:UInt32}) AS found,
        taken_back.taken_version > 0 AND taken_back.taken_at > unpriced.observed_at - toIntervalSecond({age_s:UInt32}) AS taken
    FROM unpriced
    ASOF LEFT JOIN best ON unpriced.priced_by = best.priced_asset AND unpriced.observed_at >= best.priced_at
    ASOF LEFT JOIN taken_back ON unpriced.priced_by = taken_back.taken_asset AND unpriced.observed_at >= taken_back.taken_at
)
WHERE feed_version > version
SETTINGS
    join_use_nulls = 0,
    do_not_merge_across_partitions_select_final = 1,
    output_format_json_quote_decimals = 1,
    output_format_json_quote_64bit_integers = 0
