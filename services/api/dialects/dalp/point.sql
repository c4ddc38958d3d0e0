-- Of how many sources the newest point of one portfolio is, as the view portfolio_breakdown has it.
SELECT sources
FROM portfolio_totals FINAL
WHERE tenant = {tenant:String} AND portfolio = {portfolio:String} AND (bucket <= now() OR sources_observed > 0)
ORDER BY bucket DESC
LIMIT 1
