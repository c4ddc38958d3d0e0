-- The newest point of each portfolio by every axis. Total and breakdown are one stored row, so the sum over
-- the keys of an axis is the portfolio's total, to the last digit.
CREATE OR REPLACE VIEW portfolio_breakdown AS
SELECT
    tenant,
    portfolio,
    bucket,
    part.axis               AS axis,
    part.key                AS key,
    part.assets             AS assets,
    part.debt               AS debt,
    part.assets - part.debt AS net,
    part.lines              AS lines,
    part.lines_unpriced     AS lines_unpriced
FROM
(
    SELECT tenant, portfolio, bucket, breakdown
    FROM portfolio_totals FINAL
    ORDER BY bucket DESC
    LIMIT 1 BY tenant, portfolio
)
ARRAY JOIN breakdown AS part;
