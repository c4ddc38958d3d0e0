-- The newest point of one portfolio by type and by class.
SELECT axis, key, net, lines, lines_unpriced
FROM portfolio_breakdown
WHERE tenant = {tenant:String} AND portfolio = {portfolio:String} AND axis IN ('type', 'class')
ORDER BY axis, net DESC, key
