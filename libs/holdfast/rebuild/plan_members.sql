-- Every portfolio that there is, and the sources that ever counted in it. Points of one that was removed stay as they were.
SELECT p.tenant AS tenant, p.portfolio AS portfolio, groupUniqArrayIf(m.source, m.source != '') AS sources
FROM
(
    SELECT tenant, portfolio, max(r.revision) AS revision
    FROM registry_portfolios AS r
    WHERE {everything:Bool} OR (tenant, portfolio) IN {portfolios:Array(Tuple(String, String))}
    GROUP BY tenant, portfolio
    HAVING NOT argMax(deleted, r.revision)
) AS p
LEFT JOIN registry_portfolio_sources AS m
    ON m.tenant = p.tenant AND m.portfolio = p.portfolio AND m.revision = p.revision
GROUP BY tenant, portfolio
ORDER BY tenant, portfolio
SETTINGS join_use_nulls = 0
