-- One axis of the newest point of one portfolio, with what comes before each key in their order.
SELECT *
FROM
(
    SELECT
        bucket, key, assets, debt, net, lines, lines_unpriced,
        sum(assets) OVER before - assets AS assets_before,
        sum(debt) OVER before - debt     AS debt_before
    FROM portfolio_breakdown
    WHERE tenant = {tenant:String} AND portfolio = {portfolio:String} AND axis = {axis:String}
    WINDOW before AS (ORDER BY key ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
WHERE {after:Nullable(String)} IS NULL OR key > {after:Nullable(String)}
ORDER BY key
LIMIT {limit:UInt32}
