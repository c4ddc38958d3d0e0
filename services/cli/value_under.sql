-- What one portfolio would be worth now under a rule set.
SELECT rules, net, assets, debt, lines, lines_unpriced, lines_excluded
FROM portfolio_value_under(rules = {rules:UInt32})
WHERE tenant = {tenant:String} AND portfolio = {portfolio:String}
