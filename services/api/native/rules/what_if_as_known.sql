-- What the lines that stood at an instant come to, as known at a time, by source and asset, as if no rule left any out: lines
-- that another source of the account stands for (`receipt`) are left out, as ever. Which assets count is decided by who asks.
SELECT
    source,
    ifNull(toString(asset), '') AS of_asset,
    sumIf(ifNull(value_usd, toDecimal256(0, 36)), NOT receipt AND side != 'debt') AS assets,
    sumIf(ifNull(value_usd, toDecimal256(0, 36)), NOT receipt AND side = 'debt')  AS debt,
    countIf(NOT receipt)                                   AS lines,
    countIf(NOT receipt AND isNull(value_usd))             AS lines_unpriced,
    countIf(NOT receipt AND reason_without_rules = 'stale') AS lines_stale,
    countIf(receipt)                                       AS lines_excluded,
    countIf(NOT receipt AND truncated)                     AS lines_truncated,
    mapFilter((why, _) -> why != '', sumMap(map(reason_without_rules, toUInt64(1)))) AS reasons,
    arraySort(groupUniqArrayIf(rate_needed, NOT receipt AND rate_needed != '')) AS unrated
FROM positions_as_known(
    tenant = {tenant:String}, portfolio = {portfolio:String}, at = {at:DateTime64(3, 'UTC')},
    known_at = {known_at:DateTime64(3, 'UTC')}, ranking = {ranking:Array(String)})
GROUP BY source, of_asset
ORDER BY of_asset, source
