-- The newest point of one portfolio from an hour on, as the view portfolio_value has it; of the table, which is planned
-- in half the time.
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
    as_of,
    oldest_input
FROM portfolio_totals FINAL
WHERE tenant = {tenant:String} AND portfolio = {portfolio:String}
  AND bucket >= {since:DateTime('UTC')} AND (bucket <= now() OR sources_observed > 0)
ORDER BY bucket DESC
LIMIT 1
