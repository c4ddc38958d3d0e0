-- Every portfolio that there is or was, and the sources that ever counted in it.
SELECT p.tenant AS tenant, p.portfolio AS portfolio, groupUniqArrayIf(m.source, m.source != '') AS sources
FROM
(
    SELECT tenant, portfolio, max(revision) AS revision
    FROM registry_portfolios
    WHERE {everything:Bool} OR (tenant, portfolio) IN {portfolios:Array(Tuple(String, String))}
    GROUP BY tenant, portfolio
) AS p
LEFT JOIN registry_portfolio_sources AS m
    ON m.tenant = p.tenant AND m.portfolio = p.portfolio AND m.revision = p.revision
GROUP BY tenant, portfolio
ORDER BY tenant, portfolio
SETTINGS join_use_nulls = 0
