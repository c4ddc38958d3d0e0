-- The newest membership of some portfolios, and their newest stored point that is not of an hour to come.
SELECT r.tenant AS tenant, r.portfolio AS portfolio, r.revision AS revision, t.newest AS newest
FROM
(
    SELECT tenant, portfolio, max(revision) AS revision
    FROM registry_portfolios
    WHERE (tenant, portfolio) IN (SELECT arrayJoin(arrayZip({tenants:Array(String)}, {portfolios:Array(String)})))
    GROUP BY tenant, portfolio
) AS r
LEFT JOIN
(
    SELECT tenant, portfolio, max(bucket) AS newest
    FROM portfolio_totals
    WHERE (tenant, portfolio) IN (SELECT arrayJoin(arrayZip({tenants:Array(String)}, {portfolios:Array(String)})))
      AND (bucket <= now() OR sources_observed > 0)
    GROUP BY tenant, portfolio
) AS t ON r.tenant = t.tenant AND r.portfolio = t.portfolio
