-- From when to when each portfolio has anything that a point could be of.
SELECT tenant, portfolio, min(bucket) AS first, max(bucket) AS last
FROM portfolio_totals
WHERE {everything:Bool} OR (tenant, portfolio) IN {portfolios:Array(Tuple(String, String))}
GROUP BY tenant, portfolio
