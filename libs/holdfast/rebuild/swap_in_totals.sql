-- Points as they should be, beside the wrong ones. A newer one that came in meanwhile stays the newest.
INSERT INTO portfolio_totals
    (tenant, portfolio, bucket, version, as_of, oldest_input, assets, debt, net, lines, lines_unpriced, lines_excluded,
     lines_truncated, sources, sources_missing, sources_observed, reasons, waits, breakdown)
SELECT
    tenant, portfolio, bucket, version, as_of, oldest_input, assets, debt, net, lines, lines_unpriced, lines_excluded,
    lines_truncated, sources, sources_missing, sources_observed, reasons, waits, breakdown
FROM rebuilt_totals
WHERE run = {run:String}
