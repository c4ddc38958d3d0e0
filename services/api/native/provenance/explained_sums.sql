-- The same point as it is stored, and as its lines sum up now.
SELECT
    t.bucket AS bucket, t.bucket + INTERVAL 1 HOUR AS valued_at, t.computed_at AS computed_at,
    (t.assets, t.debt, t.net, t.lines, t.lines_unpriced, t.lines_excluded)::Tuple(
        assets Decimal(76, 36), debt Decimal(76, 36), net Decimal(76, 36), lines UInt64, lines_unpriced UInt64,
        lines_excluded UInt64) AS stored,
    (e.assets, e.debt, e.assets - e.debt, e.lines, e.unpriced, e.excluded)::Tuple(
        assets Decimal(76, 36), debt Decimal(76, 36), net Decimal(76, 36), lines UInt64, lines_unpriced UInt64,
        lines_excluded UInt64) AS explained
FROM
(
    SELECT * FROM portfolio_totals FINAL
    WHERE tenant = {tenant:String} AND portfolio = {portfolio:String} AND bucket <= {at:DateTime64(3, 'UTC')}
    ORDER BY bucket DESC
    LIMIT 1
) AS t
CROSS JOIN
(
    SELECT
        sumIf(ifNull(value_usd, 0), counted AND side != 'debt') AS assets,
        sumIf(ifNull(value_usd, 0), counted AND side = 'debt') AS debt,
        countIf(counted) AS lines, countIf(counted AND value_usd IS NULL) AS unpriced, countIf(NOT counted) AS excluded
    FROM portfolio_explained(
        tenant = {tenant:String}, portfolio = {portfolio:String}, at = {at:DateTime64(3, 'UTC')})
) AS e
