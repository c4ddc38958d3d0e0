-- What the lines of these statements come to, by source and asset: lines that another source of the account stands for
-- (`receipts`) are left out, as ever. Which assets count is decided by who asks.
SELECT
    source,
    of_asset,
    sumIf(ifNull(value_usd, toDecimal256(0, 36)), NOT receipt AND side != 'debt') AS assets,
    sumIf(ifNull(value_usd, toDecimal256(0, 36)), NOT receipt AND side = 'debt')  AS debt,
    countIf(NOT receipt)                          AS lines,
    countIf(NOT receipt AND isNull(value_usd))    AS lines_unpriced,
    countIf(why = 'stale')                        AS lines_stale,
    countIf(receipt)                              AS lines_excluded,
    countIf(NOT receipt AND truncated)            AS lines_truncated,
    mapFilter((reason, _) -> reason != '', sumMap(map(why, toUInt64(1))))       AS reasons,
    arraySort(groupUniqArrayIf(priced_by, NOT receipt AND rate_needed))         AS unrated
FROM
(
    SELECT
        source, side, value_usd, truncated,
        ifNull(toString(asset), '')  AS of_asset,
        toString(priced_by)          AS priced_by,
        kind = 'wallet' AND (source, of_asset) IN {receipts:Array(Tuple(String, String))} AS receipt,
        multiIf(
            receipt, 'receipt_token',
            reason IN ('no_price', 'stale') AND hasAny(
                (SELECT groupUniqArray(asset) FROM throttled_prices_as_known(
                    since = {at:DateTime64(3, 'UTC')}, until = {at:DateTime64(3, 'UTC')}, known_at = '2200-01-01 00:00:00')),
                if(priced_by = '', [], [priced_by, '*'])), 'rate_limited',
            toString(reason))        AS why,
        isNull(value_usd) AND priced_by = currency AND currency != 'iso4217:USD'
            AND (isNotNull(stated_value) OR (isNotNull(stated_price) AND isNotNull(amount))) AS rate_needed
    FROM balances FINAL
    WHERE (source, observed_at, snapshot_id) IN {snapshots:Array(Tuple(String, DateTime64(3, 'UTC'), String))}
)
GROUP BY source, of_asset
ORDER BY of_asset, source
