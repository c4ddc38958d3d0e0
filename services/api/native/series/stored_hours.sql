-- The hours from {oldest} to {newest} of what the view value_series has, in no order. Asked of the table and without a
-- list of the grid's hours: to plan a join of the view with it, or to read such a list, takes longer than to read the
-- hours.
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
