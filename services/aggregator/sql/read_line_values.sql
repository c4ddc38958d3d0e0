-- What stands in points, by source and asset: debt is below zero. `price_source` is that of the greatest line.
WITH
placed AS
(
    SELECT *
    FROM format(JSONCompactEachRow,
        'point UInt32, account String, provider String, source String, observed_at DateTime64(3, ''UTC''),
         snapshot_id String, hidden Array(String)',
        {placed:String})
),
excluded AS (SELECT point, asset FROM format(JSONCompactEachRow, 'point UInt32, asset String', {excluded:String}))
SELECT
    point, source, asset,
    sumIf(value, counted AND side != 'debt') - sumIf(value, counted AND side = 'debt') AS net,
    sumIf(held, side != 'debt') - sumIf(held, side = 'debt') AS amount,
    countIf(counted) AS lines,
    countIf(counted AND NOT unpriced) AS lines_priced,
    argMaxIf(price_source, (value, price_source), counted) AS by_whom
FROM
(
    SELECT
        p.point AS point, b.source AS source, b.asset AS asset, b.side AS side, b.value AS value, b.held AS held,
        b.unpriced AS unpriced, b.price_source AS price_source,
        NOT (b.kind = 'wallet' AND has(p.hidden, b.asset))
            AND (p.point, b.asset) NOT IN (SELECT point, asset FROM excluded) AS counted
    FROM
    (
        SELECT
            source, observed_at, snapshot_id, ifNull(toString(asset), '') AS asset, kind, side,
            toString(price_source) AS price_source,
            ifNull(value_usd, 0) AS value, isNull(value_usd) AS unpriced, ifNull(amount, 0) AS held
        FROM balances FINAL
        WHERE (source, observed_at, snapshot_id) IN (SELECT source, observed_at, snapshot_id FROM placed)
    ) AS b
    INNER JOIN placed AS p ON b.source = p.source AND b.observed_at = p.observed_at AND b.snapshot_id = p.snapshot_id
)
GROUP BY point, source, asset
ORDER BY point, source, asset
SETTINGS
    do_not_merge_across_partitions_select_final = 1,
    output_format_json_quote_decimals = 1,
    output_format_json_quote_64bit_integers = 0
