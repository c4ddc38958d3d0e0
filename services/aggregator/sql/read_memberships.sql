-- The newest revision of each portfolio asked for, or of each that any of the sources is or was in, and the assets
-- that count nowhere in it. One that was removed is not there: nothing changes its points any more.
SELECT tenant, portfolio, max(r.revision) AS revision, argMax(excluded, r.revision)
FROM registry_portfolios AS r
WHERE (tenant, portfolio) IN
(
    SELECT tenant, portfolio
    FROM format(JSONCompactEachRow, 'tenant String, portfolio String', {portfolios:String})
    UNION ALL
    SELECT tenant, portfolio
    FROM registry_portfolio_sources
    WHERE source IN (SELECT arrayJoin(JSONExtract({sources:String}, 'Array(String)')))
)
GROUP BY tenant, portfolio
HAVING NOT argMax(r.deleted, r.revision)
SETTINGS output_format_json_quote_64bit_integers = 0
