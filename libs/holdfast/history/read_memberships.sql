-- The counted sources of one portfolio, nested ones resolved, as its membership was known at a time.
SELECT source, account, provider, scope, valid_from, valid_to
FROM registry_portfolio_sources FINAL
WHERE tenant = {tenant:String} AND portfolio = {portfolio:String} AND revision =
(
    SELECT max(revision)
    FROM registry_portfolio_revisions
    WHERE tenant = {tenant:String} AND portfolio = {portfolio:String} AND recorded_at <= {known_at:DateTime64(3, 'UTC')}
)
ORDER BY source, valid_from
