-- The lines of each source at an instant, as known at a time, summed.
SELECT
    source,
    sumIf(ifNull(value_usd, toDecimal256(0, 36)), counted AND side != 'debt') AS assets,
    sumIf(ifNull(value_usd, toDecimal256(0, 36)), counted AND side = 'debt')  AS debt,
    countIf(counted)                          AS lines,
    countIf(counted AND isNull(value_usd))    AS lines_unpriced,
    countIf(counted AND reason = 'stale')     AS lines_stale,
    countIf(NOT counted)                      AS lines_excluded,
    countIf(counted AND truncated)            AS lines_truncated,
    mapFilter((why, _) -> why != '', sumMap(map(reason, toUInt64(1)))) AS reasons,
    arraySort(groupUniqArrayIf(rate_needed, counted AND rate_needed != '')) AS unrated
FROM positions_as_known(
    tenant = {tenant:String}, portfolio = {portfolio:String}, at = {at:DateTime64(3, 'UTC')},
    known_at = {known_at:DateTime64(3, 'UTC')}, ranking = {ranking:Array(String)})
GROUP BY source
