-- The newest point of one portfolio.
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
    as_of,
    oldest_input
FROM portfolio_value
WHERE tenant = {tenant:String} AND portfolio = {portfolio:String}
