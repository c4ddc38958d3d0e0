-- The hours from one on, and before another, that are stored for some portfolios.
SELECT DISTINCT tenant, portfolio, toString(bucket)
FROM portfolio_totals
WHERE (tenant, portfolio) IN
    (
        SELECT tenant, portfolio
        FROM format(JSONCompactEachRow, 'tenant String, portfolio String', {portfolios:String})
    )
    AND bucket >= {since:DateTime64(3, 'UTC')} AND bucket < {until:DateTime64(3, 'UTC')}
