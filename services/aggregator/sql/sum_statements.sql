-- What statements come to, by platform and asset: debt is below zero. Only sums, as in sum_points.sql.
SELECT
    source, observed_at, snapshot_id, platform, ifNull(toString(asset), '') AS of_asset,
    sumIf(value, side != 'debt') - sumIf(value, side = 'debt') AS net,
    countIf(unpriced) AS lines_unpriced,
    toString(sum(1 + toUInt128(version))) AS seen
FROM
(
    SELECT
        source, observed_at, snapshot_id, platform, asset, side, version,
        ifNull(value_usd, 0) AS value, isNull(value_usd) AS unpriced
    FROM balances FINAL
    WHERE (source, observed_at, snapshot_id) IN
    (
        SELECT source, observed_at, snapshot_id
        FROM format(JSONCompactEachRow,
            'source String, observed_at DateTime64(3, ''UTC''), snapshot_id String', {statements:String})
    )
)
GROUP BY source, observed_at, snapshot_id, platform, of_asset
SETTINGS
    do_not_merge_across_partitions_select_final = 1,
    output_format_json_quote_decimals = 1,
    output_format_json_quote_64bit_integers = 0
