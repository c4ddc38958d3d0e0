-- The sources of portfolios at certain revisions. Asked after the revisions were read: one that is visible has all
-- of its sources, because they are written before it.
SELECT tenant, portfolio, source, account, provider, valid_from, valid_to
FROM registry_portfolio_sources
WHERE (tenant, portfolio, revision) IN
(
    SELECT tenant, portfolio, revision
    FROM format(JSONCompactEachRow, 'tenant String, portfolio String, revision UInt64', {revisions:String})
)
