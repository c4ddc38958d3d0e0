-- What current statements come to, by asset: lines that another source of the account stands for (`receipts`) are only
-- counted. Which assets count is decided by who asks.
SELECT
    ifNull(toString(asset), '')                                                    AS of_asset,
    toString(sumIf(ifNull(value_usd, 0), NOT receipt AND side != 'debt'))          AS assets,
    toString(sumIf(ifNull(value_usd, 0), NOT receipt AND side = 'debt'))           AS debt,
    countIf(NOT receipt)                                                           AS lines,
    countIf(NOT receipt AND isNull(value_usd))                                     AS lines_unpriced,
    countIf(receipt)                                                               AS receipts
FROM
(
    SELECT
        asset, side, value_usd,
        kind = 'wallet' AND (source, ifNull(asset, '')) IN {receipts:Array(Tuple(String, String))} AS receipt
    FROM balances FINAL
    WHERE (source, observed_at, snapshot_id) IN {snapshots:Array(Tuple(String, DateTime64(3, 'UTC'), String))}
)
GROUP BY of_asset
ORDER BY of_asset
