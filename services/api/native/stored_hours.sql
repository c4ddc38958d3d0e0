-- The newest hour of each cell of a grid, newest first, of what the view value_series has from {oldest} on. A cell
-- begins where {cells_s} says, in seconds, and lasts until the next one does; the last of them until {newest}. Asked of
-- the table: to plan a join of the view with the grid takes longer than to read the hours.
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
WHERE tenant = {tenant:String} AND portfolio = {portfolio:String} AND bucket <= {newest:DateTime('UTC')}
  AND bucket >= {oldest:DateTime('UTC')} AND (bucket <= now() OR sources_observed > 0)
ORDER BY bucket DESC
LIMIT 1 BY roundDown(toUInt32(bucket), {cells_s:Array(UInt32)})
