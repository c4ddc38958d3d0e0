-- The newest hour of each cell of a grid of longer buckets, in no order, of the same hours as stored_hours.sql. A cell
-- begins where {cells_s} says, in seconds, and lasts until the next one does; the last of them until {newest}.
SELECT
    bucket,
    assets,
    debt,
    lines,
    lines_unpriced,
    lines_excluded,
    lines_truncated,
    sources,
    sources_missing,
    reasons,
    waits,
    oldest_input,
    as_of AS newest_input
FROM portfolio_totals FINAL
WHERE tenant = {tenant:String} AND portfolio = {portfolio:String} AND bucket >= {oldest:DateTime('UTC')}
  AND bucket <= {newest:DateTime('UTC')} AND (bucket <= now() OR sources_observed > 0)
ORDER BY bucket DESC
LIMIT 1 BY roundDown(toUInt32(bucket), {cells_s:Array(UInt32)})
