-- One axis of the newest point of one portfolio.
SELECT bucket, key, assets, debt, net, lines, lines_unpriced
FROM portfolio_breakdown
WHERE tenant = {tenant:String} AND portfolio = {portfolio:String} AND axis = {axis:String} AND ({after:Nullable(String)} IS NULL OR key > {after:Nullable(String)})
ORDER BY key
LIMIT {limit:UInt32}
