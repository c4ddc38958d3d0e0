-- The newest jumps of a portfolio.
SELECT bucket, net_before, net, moved, asset, cause, price_source_before, price_source
FROM portfolio_jumps
WHERE tenant = {tenant:String} AND portfolio = {portfolio:String}
ORDER BY bucket DESC
LIMIT 10
