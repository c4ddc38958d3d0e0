-- One axis of the point of one portfolio at an hour, with what comes before each key in their order: what the view
-- portfolio_breakdown shows, asked at the hour whose total stands beside it.
SELECT *
FROM
(
    SELECT
        part.key AS key, part.assets AS assets, part.debt AS debt,
        part.lines AS lines, part.lines_unpriced AS lines_unpriced,
        sum(assets) OVER before - assets AS assets_before,
        sum(debt) OVER before - debt     AS debt_before
    FROM portfolio_totals FINAL
    ARRAY JOIN breakdown AS part
    WHERE tenant = {tenant:String} AND portfolio = {portfolio:String} AND bucket = {bucket:DateTime('UTC')}
      AND part.axis = {axis:String}
    WINDOW before AS (ORDER BY key ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
WHERE {after:Nullable(String)} IS NULL OR key > {after:Nullable(String)}
ORDER BY key
LIMIT {limit:UInt32}
