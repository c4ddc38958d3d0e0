-- From when on the history of every source of a portfolio is complete; NULL while one of them was never fetched.
SELECT if(countIf(h.source = '') > 0 OR count() = 0, NULL, max(h.history_complete_from)) AS complete_from
FROM (SELECT DISTINCT source FROM portfolio_sources WHERE tenant = {tenant:String} AND portfolio = {portfolio:String}) AS p
LEFT JOIN
    (SELECT source, history_complete_from FROM history_coverage WHERE tenant = {tenant:String} AND feed = 'balances') AS h
    ON h.source = p.source
