SELECT
    t.bucket AS bucket, t.bucket + INTERVAL 1 HOUR AS valued_at, t.assets AS assets, t.debt AS debt, t.net AS net,
    toBool(t.assets = e.assets AND t.debt = e.debt) AS adds_up
FROM
(
    SELECT bucket, assets, debt, net FROM portfolio_totals FINAL
    WHERE tenant = {tenant:String} AND portfolio = {portfolio:String} AND bucket <= {at:DateTime64(3, 'UTC')}
    ORDER BY bucket DESC
    LIMIT 1
) AS t
CROSS JOIN
(
    SELECT
        sumIf(ifNull(value_usd, 0), counted AND side != 'debt') AS assets,
        sumIf(ifNull(value_usd, 0), counted AND side = 'debt') AS debt
    FROM portfolio_explained(
        tenant = {tenant:String}, portfolio = {portfolio:String}, at = {at:DateTime64(3, 'UTC')})
) AS e
