-- What one portfolio consists of now, along one axis, the greatest first.
SELECT key, assets, debt, lines, lines_unpriced
FROM portfolio_breakdown
WHERE tenant = {tenant:String} AND portfolio = {portfolio:String} AND axis = {axis:String}
ORDER BY net DESC, key
