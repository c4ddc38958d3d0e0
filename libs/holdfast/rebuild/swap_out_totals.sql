-- The wrong points, and nothing but these very rows: not the right ones, nor any that were written since.
DELETE FROM portfolio_totals
WHERE (tenant, portfolio, bucket, version, computed_at) IN
(
    SELECT tenant, portfolio, bucket, live_version, live_computed_at
    FROM rebuilt_totals
    WHERE run = {run:String} AND live_net IS NOT NULL
)
