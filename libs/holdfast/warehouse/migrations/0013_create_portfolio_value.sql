-- What each portfolio is worth now: its newest point, with the quality of what went into it.
CREATE OR REPLACE VIEW portfolio_value AS
SELECT
    tenant,
    portfolio,
    bucket,
    assets,
    debt,
    net,
    lines,
    lines_unpriced,
    lines_excluded,
    lines_truncated,
    sources,
    sources_observed,
    sources_missing,
    reasons,
    as_of,
    oldest_input,
    computed_at
FROM portfolio_totals FINAL
ORDER BY bucket DESC
LIMIT 1 BY tenant, portfolio;
